"""Strategies of random moves: the paper's hillclimbing, and pure random search."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import Floats, Ints
from outvoted.search.strategies.acceptance import FirstOfAll, lower, wrong
from outvoted.search.strategies.base import (
    Acceptance,
    Memory,
    Offer,
    Position,
    Proposer,
    Strategy,
    moved_on,
    moved_seed,
)
from outvoted.search.transforms import Transform

Speculative = Annotated[int, Field(ge=1, le=4096)]


@dataclass(frozen=True)
class RandomMoves(Proposer):
    """One random move of where the search stands.

    ``speculative`` candidates are tried at once after an accepted move. While none is accepted, as many are
    tried as have failed already, so that speculation costs a share of the inferences, not a multiple.
    """

    speculative: int

    def draws(self, transform: Transform) -> int:
        """One random move."""
        return transform.draws

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Double what has been tried since the last accepted move."""
        return np.maximum(stale, self.speculative)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Move on."""
        return moved_on(transform, position, search, transform.sample(uniform))


@dataclass(frozen=True)
class SeedMoves(Proposer):
    """One random move of the untouched seed; at first ``speculative`` candidates at once, then the double."""

    speculative: int

    def draws(self, transform: Transform) -> int:
        """One random move."""
        return transform.draws

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Double what has been tried: most searches that succeed do so early."""
        return np.maximum(stale, self.speculative)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Move the seed."""
        return moved_seed(transform, transform.sample(uniform))


class Hillclimb(Strategy):
    """Next-ascent stochastic hillclimbing: take the first move that lowers the target's output for the label
    while all peers keep the label.

    Baluja, Covell & Sukthankar, section 2. Candidates are tried in the order of their steps, so trying
    several at once and taking the first acceptable one is exactly the sequential procedure.
    """

    kind: Literal["hillclimb"] = "hillclimb"
    speculative: Speculative = 4
    """Candidates tried at once after an accepted move; twice as many each time that none is accepted."""

    @property
    def proposer(self) -> Proposer:
        """Climb move by move."""
        return RandomMoves(self.speculative)

    acceptance: ClassVar[Acceptance] = FirstOfAll(lower)


class RandomSearch(Strategy):
    """Make one move from the seed, again and again, until one of them is a mistake.

    The baseline that every strategy should beat.
    """

    kind: Literal["random"] = "random"
    speculative: Speculative = 16
    """Candidates tried at once in the beginning; twice as many each time that none is a mistake."""

    @property
    def proposer(self) -> Proposer:
        """Move the seed."""
        return SeedMoves(self.speculative)

    acceptance: ClassVar[Acceptance] = FirstOfAll(wrong)
