"""Pure random search: the baseline that every strategy should beat."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import Bools, Floats, Ints
from outvoted.search.strategies.base import Evidence, Memory, Offer, Position, Proposals
from outvoted.search.strategies.stepwise import Stepwise
from outvoted.search.transforms import Transform


class RandomSearch(Stepwise):
    """Make one move from the seed, again and again, until one of them is a mistake."""

    kind: Literal["random"] = "random"
    speculative: Annotated[int, Field(ge=1, le=4096)] = 64
    """Candidates tried at once."""

    @property
    def label(self) -> str:
        """The strategy's name in tables."""
        return self.kind

    @property
    def onward(self) -> bool:
        """Every candidate is one move of the seed."""
        return False

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Try the same number each time: nothing is learnt on the way."""
        return np.full_like(stale, self.speculative)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Apply a random move to the untouched seed."""
        moves = transform.sample(uniform)
        composed = transform.compose(transform.identity(len(moves)), moves)
        return Offer(moves, composed, np.empty((len(moves), 0)))

    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Keep proposals that the target gets wrong."""
        return evidence.wrong(proposals.label)
