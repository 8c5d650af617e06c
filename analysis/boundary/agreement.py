"""How far labellers, or networks, agree on each image."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import entropy

from outvoted.search.arrays import Bools, Floats, Ints

NO_LABEL = -1


@dataclass(frozen=True)
class Agreement:
    """How often each class was answered.

    Attributes:
        counts: shape (images, classes); every image has as many answers.
    """

    counts: Ints

    @property
    def agree(self) -> Bools:
        """Whether all give one answer; a single labeller or network agrees with itself."""
        return np.asarray(self.split == 1)

    @property
    def split(self) -> Ints:
        """How many different classes are answered, 1 where all agree."""
        return np.asarray((self.counts > 0).sum(1))

    @property
    def label(self) -> Ints:
        """The most frequent answer; of several as frequent, the lowest class."""
        return np.asarray(self.counts.argmax(1))

    @property
    def certainty(self) -> Floats:
        """The share of the most frequent answer, 0 to 1 (Vlaar, appendix C)."""
        return np.asarray(self.counts.max(1) / self.counts.sum(1))

    @property
    def majority(self) -> Ints:
        """The answer of more than half, NO_LABEL where there is none."""
        return np.where(self.certainty > 0.5, self.label, NO_LABEL)

    @property
    def entropy(self) -> Floats:
        """The entropy of the answers in bits, 0 where all agree."""
        return np.asarray(entropy(self.counts, base=2, axis=1), np.float64)

    @property
    def tens(self) -> Ints:
        """Certainty in percent, rounded to tens; 100 is for those alone on which all agree."""
        rounded = np.floor(10 * self.certainty + 0.5).astype(np.int64)
        return np.where(self.agree, 100, 10 * np.minimum(rounded, 9))


def agreement(answers: Ints, classes: int) -> Agreement:
    """Count answers, shape (labellers or networks, images), each 0 to ``classes`` - 1; at least one row."""
    return Agreement(np.asarray((answers[..., None] == np.arange(classes)).sum(0), np.int64))


def pairs_disagree(answers: Ints) -> Floats:
    """Return for every pair of rows the share of images, 0 to 1, on which they differ.

    Args:
        answers: shape (labellers or networks, images).

    Returns:
        shape (pairs,), none for a single row.
    """
    return np.array([(one != other).mean() for one, other in combinations(answers, 2)], np.float64)
