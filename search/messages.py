"""What travels between a search and its panel: parameters out, votes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Floats, RowArrays, Singles, Texts


class TakeGradient(IntEnum):
    """For which candidates a peer is asked for the gradient of its score too."""

    NEVER = 0
    IF_CORRECT = 1
    """Where its class is the label."""
    IF_WRONG = 2
    """Where its class is another one."""


@dataclass(frozen=True)
class Candidates(RowArrays):
    """Seeds with composed moves, as they are sent to a peer.

    Attributes:
        seed_id: shape (n,), int32, rows of the seed data set.
        composed: shape (n, transform.size), float32, what the transform renders from.
        take_gradient: shape (n,), uint8, a TakeGradient for each; None if no gradients are asked for at all.
    """

    seed_id: NDArray[np.int32]
    composed: Singles
    take_gradient: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Answers(RowArrays):
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


Questions = Mapping[int, Candidates]
"""For each peer (by its index in the panel) the candidates it is asked about."""
Replies = Mapping[int, Answers]
"""For each peer that was asked, its answers, row by row."""


def probability(score: AnyArray) -> Floats:
    """Turn log-odds into probabilities in [0, 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -700.0, 700.0).astype(np.float64))))
