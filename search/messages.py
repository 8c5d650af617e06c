"""What travels between a search and its panel: parameters out, votes back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Floats, Singles


@dataclass(frozen=True)
class Candidates:
    """Seeds with composed moves, as they are sent to a peer.

    Attributes:
        seed_id: shape (n,), int32, rows of the seed data set.
        composed: shape (n, transform.size), float32, what the transform renders from.
    """

    seed_id: NDArray[np.int32]
    composed: Singles

    def __len__(self) -> int:
        return len(self.seed_id)

    def rows(self, chosen: AnyArray | slice) -> "Candidates":
        """Return the chosen rows (indices, a mask or a slice)."""
        return Candidates(self.seed_id[chosen], self.composed[chosen])


@dataclass(frozen=True)
class Answers:
    """One peer's answers to candidates, reduced to what a decision needs.

    Attributes:
        score: shape (n,), float32, log-odds of the seed's label, ``log(p / (1 - p))``. It orders
            candidates exactly as the output activation p does, but does not saturate where p rounds to 1.
        predicted: shape (n,), int16, the class with the largest output.
    """

    score: Singles
    predicted: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.score)


Questions = Mapping[int, Candidates]
"""For each peer (by its index in the panel) the candidates it is asked about."""
Replies = Mapping[int, Answers]
"""For each peer that was asked, its answers, row by row."""


def probability(score: AnyArray) -> Floats:
    """Turn log-odds into probabilities in [0, 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -700.0, 700.0).astype(np.float64))))
