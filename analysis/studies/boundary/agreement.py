"""How far labellers or networks agree: on each image, beyond chance (Cohen's kappa), and in entropy."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy
from sklearn.metrics import cohen_kappa_score

from outvoted.analysis.report.numbers import Interval, Spread, spread
from outvoted.search.arrays import AnyArray, Bools, Floats, Ints

NO_LABEL = -1


@dataclass(frozen=True)
class Agreement:
    """How often each class was the answer.

    Attributes:
        counts: shape (images, classes); every image has equally many answers.
    """

    counts: Ints

    @property
    def agree(self) -> Bools:
        """Whether all give the same answer; a single labeller or network agrees with itself."""
        return np.asarray(self.split == 1)

    @property
    def split(self) -> Ints:
        """How many different answers there are, 1 where all agree."""
        return np.asarray((self.counts > 0).sum(1))

    @property
    def label(self) -> Ints:
        """The most frequent answer; on a tie the lowest class."""
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
        return np.asarray(scipy.stats.entropy(self.counts, base=2, axis=1), np.float64)

    @property
    def tens(self) -> Ints:
        """Certainty in percent, rounded to tens; 100 only where all agree."""
        rounded = np.floor(10 * self.certainty + 0.5).astype(np.int64)
        return np.where(self.agree, 100, 10 * np.minimum(rounded, 9))


def agreement(answers: Ints, classes: int) -> Agreement:
    """Count answers, shape (labellers or networks, images), each 0 to ``classes`` - 1; at least one row."""
    return Agreement(np.asarray((answers[..., None] == np.arange(classes)).sum(0), np.int64))


def pairs_disagree(answers: Ints) -> Floats:
    """Return for every pair of rows the share of images, 0 to 1, on which they disagree.

    Args:
        answers: shape (labellers or networks, images).

    Returns:
        shape (pairs,), none for a single row.
    """
    return np.array([(one != other).mean() for one, other in combinations(answers, 2)], np.float64)


@dataclass(frozen=True)
class Kappas:
    """Kappa of every pair of raters: labellers first, then networks.

    Attributes:
        names: of the raters.
        people: how many of them are labellers.
        labels: Cohen's kappa of their labels, shape (raters, raters), -1 to 1; NaN where chance alone gives
            full agreement, and on the diagonal.
        errors: the consistency of their errors (see `error_consistency`), likewise; None without labellers.
    """

    names: tuple[str, ...]
    people: int
    labels: Floats
    errors: Floats | None


@dataclass(frozen=True)
class KappaMeans:
    """Mean and standard deviation of kappa over pairs of raters."""

    target: float
    measure: str
    people: Spread
    between: Spread
    networks: Spread


def cohen_kappa(one: AnyArray, other: AnyArray) -> float:
    """Return how far two rows of labels agree beyond chance.

    NaN where there is nothing to compare, or where chance alone gives full agreement.
    """
    if not len(one) or len(np.union1d(one, other)) == 1:
        return np.nan
    return float(cohen_kappa_score(one, other))


def label_kappas(answers: Ints) -> Floats:
    """Return Cohen's kappa of every pair of rows of answers, (raters, images); NaN on the diagonal."""
    return _every_two(len(answers), lambda i, j: cohen_kappa(answers[i], answers[j]))


def error_consistency(answers: Ints, people: int, classes: int) -> Floats:
    """Return how far every pair of raters errs on the same images, beyond chance (Geirhos et al., 2020).

    Their measure compares the share of images that both get right or both get wrong with what their
    accuracies alone predict: it is Cohen's kappa of being correct. Correct is what more than half of the
    *other* labellers say, those not being compared; images without such a majority are left out. If a
    labeller's own answer counted towards the truth, labellers would hardly ever err.

    Args:
        answers: shape (raters, images), those of ``people`` labellers first.
        people: how many rows are labellers'.

    Returns:
        shape (raters, raters), NaN on the diagonal, where no labeller is left, and where neither errs.
    """

    def of(i: int, j: int) -> float:
        others = np.delete(answers[:people], [row for row in (i, j) if row < people], axis=0)
        if not len(others):
            return np.nan
        truth = agreement(others, classes).majority
        known = truth != NO_LABEL
        right_i, right_j = (answers[[i, j]] == truth)[:, known]
        return cohen_kappa(right_i, right_j)

    return _every_two(len(answers), of)


def kappa_means(found: Kappas, target: float) -> list[KappaMeans]:
    """Average over pairs of labellers, of a labeller and a network, and of networks."""
    lines = [("labels", found.labels)] + ([("errors", found.errors)] if found.errors is not None else [])
    return [_means(target, measure, matrix, found.people) for measure, matrix in lines]


def _means(target: float, measure: str, matrix: Floats, people: int) -> KappaMeans:
    upper = np.where(np.triu(np.ones(matrix.shape, bool), 1), matrix, np.nan)
    return KappaMeans(
        target,
        measure,
        spread(upper[:people, :people].ravel()),
        spread(upper[:people, people:].ravel()),
        spread(upper[people:, people:].ravel()),
    )


def _every_two(raters: int, of: Callable[[int, int], float]) -> Floats:
    matrix = np.full((raters, raters), np.nan)
    for i in range(raters):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = of(i, j)
    return matrix


_RESAMPLED = 2000


@dataclass(frozen=True)
class Entropies:
    """Entropies of a family's votes, image by image, and their correlation with those of people's labels.

    Attributes:
        family, target: of the networks, which differ only in their seed.
        networks: how many.
        votes: the entropy of their votes in bits, shape (images,).
        rho: Spearman's correlation with the entropy of people's labels, and the ends of its 95 % interval;
            None if either is the same for all images.
    """

    family: str
    target: float
    networks: int
    votes: Floats
    rho: Interval


def spearman(one: Floats, other: Floats, grid: Ints, seed: int = 0) -> Interval:
    """Return Spearman's rho and its 95 % interval by bootstrap (percentiles).

    The images of a pair are not independent, so whole pairs are drawn with replacement, not images.

    Args:
        one, other: shape (images,).
        grid: the image at each step of each pair, shape (pairs, steps).
        seed: of what is drawn.
    """
    whole = _rho(one[grid.reshape(1, -1)], other[grid.reshape(1, -1)])[0]
    if np.isnan(whole):
        return None, None, None
    drawn = np.random.default_rng(seed).integers(len(grid), size=(_RESAMPLED, len(grid)))
    taken = grid[drawn].reshape(_RESAMPLED, -1)
    low, high = np.nanpercentile(_rho(one[taken], other[taken]), [2.5, 97.5])
    return float(whole), float(low), float(high)


def _rho(one: AnyArray, other: AnyArray) -> Floats:
    """Correlate ranks row by row; NaN where all values are equal."""
    ranks = [scipy.stats.rankdata(values, axis=1) for values in (one, other)]
    x, y = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    below = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    whole = np.full(len(x), np.nan)
    return np.asarray(np.divide((x * y).sum(1), below, out=whole, where=below > 0))
