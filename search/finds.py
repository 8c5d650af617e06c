"""Mistakes as searches find them, before they are verified."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Floats, Ints, Singles
from outvoted.search.strategies import Evidence, Proposals
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Finds:
    """Candidates on which the target is outvoted.

    Attributes:
        search: shape (f,), which search found each.
        predicted: shape (f,), the target's wrong class.
        score: shape (f,), the target's log-odds of the label.
        composed: shape (f, transform.size).
        moves: shape (f, parameters), the move that made it, from the seed or from where the search stood.
    """

    search: Ints
    predicted: NDArray[np.int16]
    score: Singles
    composed: Floats
    moves: Floats

    def __len__(self) -> int:
        return len(self.search)

    @staticmethod
    def none(transform: Transform) -> "Finds":
        """Return no finds."""
        return Finds(
            np.empty(0, np.int64),
            np.empty(0, np.int16),
            np.empty(0, np.float32),
            np.empty((0, transform.size)),
            np.empty((0, len(transform.parameters))),
        )

    @property
    def number(self) -> Ints:
        """Count each search's finds from 0; shape (f,)."""
        order = np.argsort(self.search, kind="stable")
        ranked = self.search[order]
        number = np.empty(len(self), np.int64)
        number[order] = np.arange(len(self)) - np.searchsorted(ranked, ranked)
        return number

    def plus(self, more: "Finds") -> "Finds":
        """Add later finds."""
        if not len(more):
            return self
        return Finds(
            *(np.concatenate([getattr(self, part.name), getattr(more, part.name)]) for part in fields(self))
        )


def found(proposals: Proposals, evidence: Evidence, rows: Ints) -> Finds:
    """Return the proposals that are mistakes."""
    offer = proposals.offer
    return Finds(
        proposals.search[rows],
        evidence.predicted[rows],
        evidence.score[rows],
        offer.composed[rows],
        offer.moves[rows],
    )
