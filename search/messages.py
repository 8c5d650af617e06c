"""What travels between a search and its panel: parameters out, votes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Floats, Singles, Texts


class TakeGradient(IntEnum):
    """For which candidates a peer is asked for the gradient of its score too."""

    NEVER = 0
    IF_CORRECT = 1
    """Where its class is the label."""
    IF_WRONG = 2
    """Where its class is another one."""


@dataclass(frozen=True)
class Candidates:
    """Seeds with composed moves, as they are sent to a peer.

    Attributes:
        seed_id: shape (n,), int32, rows of the seed data set.
        composed: shape (n, transform.size), float32, what the transform renders from.
        take_gradient: shape (n,), uint8, a TakeGradient for each; None if no gradients are asked for at all.
    """

    seed_id: NDArray[np.int32]
    composed: Singles
    take_gradient: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.seed_id)

    def rows(self, chosen: AnyArray | slice) -> "Candidates":
        """Return the chosen rows (indices, a mask or a slice)."""
        take_gradient = None if self.take_gradient is None else self.take_gradient[chosen]
        return Candidates(self.seed_id[chosen], self.composed[chosen], take_gradient)

    @staticmethod
    def joined(parts: Sequence["Candidates"]) -> "Candidates":
        """Join candidates in their order; either all parts ask for gradients or none does."""
        return Candidates(
            np.concatenate([part.seed_id for part in parts]),
            np.concatenate([part.composed for part in parts]),
            _joined([part.take_gradient for part in parts]),
        )


@dataclass(frozen=True)
class Answers:
    """One peer's answers to candidates, reduced to what a decision needs.

    Attributes:
        score: shape (n,), float32, log-odds of the seed's label, ``log(p / (1 - p))``. It orders
            candidates exactly as the output activation p does, but does not saturate where p rounds to 1.
        predicted: shape (n,), int16, the class with the largest output.
        gradient: shape (n, transform.size), float32, the gradient of ``score`` with respect to ``composed``,
            NaN where it was not asked for; None if it was asked for nowhere.
        failure: shape (n,), why there is no answer, "" where there is one; None if nothing is said of that.
    """

    score: Singles
    predicted: NDArray[np.int16]
    gradient: Singles | None = None
    failure: Texts | None = None

    def __len__(self) -> int:
        return len(self.score)

    def rows(self, chosen: AnyArray | slice) -> "Answers":
        """Return the chosen rows."""
        gradient = None if self.gradient is None else self.gradient[chosen]
        failure = None if self.failure is None else self.failure[chosen]
        return Answers(self.score[chosen], self.predicted[chosen], gradient, failure)

    @staticmethod
    def joined(parts: Sequence["Answers"]) -> "Answers":
        """Join answers in their order."""
        return Answers(
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.predicted for part in parts]),
            _joined([part.gradient for part in parts]),
            _texts(parts),
        )


Questions = Mapping[int, Candidates]
"""For each peer (by its index in the panel) the candidates it is asked about."""
Replies = Mapping[int, Answers]
"""For each peer that was asked, its answers, row by row."""


def probability(score: AnyArray) -> Floats:
    """Turn log-odds into probabilities in [0, 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -700.0, 700.0).astype(np.float64))))


def _joined(parts: Sequence[AnyArray | None]) -> AnyArray | None:
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if present else None


def _texts(parts: Sequence[Answers]) -> Texts | None:
    if all(part.failure is None for part in parts):
        return None
    said = [np.full(len(part), "", object) if part.failure is None else part.failure for part in parts]
    return np.concatenate(said)
