"""Parts of the training images, chosen by how a trained network votes on them (Fan & Yezzi, section 5.1)."""

from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import AnyArray, Bools, Ints
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings, plain

Criteria = Literal["hc+hs", "hc+ls", "lc+hs", "lc+ls"]
"""Of images that are right the higher (hc) or lower (lc) confidence, of those that are wrong the higher (hs)
or lower (ls) spuriousness."""


class Selection(Settings):
    """A share of the images that a network gets right, and the same share of those that it gets wrong.

    The paper's S_hc^p ∪ S_ls^p (Tables 2 and 3) is ``hc+ls`` with ``fraction`` p. Confidence is the
    probability of the predicted class where that is right, spuriousness the same where it is wrong.
    """

    criteria: Criteria
    fraction: Annotated[float, Field(gt=0, le=1)]
    """Share of the right and of the wrong images; the numbers are rounded down."""

    @property
    def label(self) -> str:
        """Say both: hc+ls-0.25."""
        return f"{self.criteria}-{plain(self.fraction)}"

    def rows(self, labels: Ints, predicted: Ints, probability: AnyArray) -> Ints:
        """Return which images are selected, in ascending order.

        Right and wrong images are put in order of their probability, equal ones in the order they come in;
        "lower" takes from the beginning and "higher" from the end, so that the two never overlap up to a
        fraction of 0.5.

        Args:
            labels: shape (n,), the true class.
            predicted: shape (n,), the network's answer.
            probability: shape (n,), 0 to 1, what it gives the predicted class.

        Raises:
            OutvotedError: a probability is not a number, there are no right or no wrong images, or the
                fraction leaves none of them.
        """
        _all_numbers(probability)
        right = np.asarray(predicted == labels)
        correct, wrong = self.criteria.split("+")
        chosen = [
            self._part(right, probability, correct == "hc", "classified correctly"),
            self._part(~right, probability, wrong == "hs", "misclassified"),
        ]
        return np.sort(np.concatenate(chosen))

    def _part(self, among: Bools, probability: AnyArray, higher: bool, what: str) -> Ints:
        rows = np.flatnonzero(among)
        number = int(Decimal(repr(self.fraction)) * len(rows))  # 0.29 of 100 are 29
        if number == 0:
            raise OutvotedError(
                expected=f"training images that are {what} to select {plain(self.fraction)} of",
                found=f"{len(rows)}" if len(rows) else "none",
                remedy="select a larger fraction, or train on more images"
                if len(rows)
                else "train the network that sorts the images for more or fewer epochs",
            )
        order = rows[np.argsort(probability[rows], kind="stable")]
        return order[-number:] if higher else order[:number]


def _all_numbers(probability: AnyArray) -> None:
    missing = int(np.isnan(probability).sum())
    if missing:
        raise OutvotedError(
            expected="a probability for every training image",
            found=f"{missing} that are not numbers: the training diverged",
            remedy="lower the learning rate of the network that sorts the images",
        )
