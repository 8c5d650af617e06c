"""Next-ascent stochastic hillclimbing, the paper's search."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import Bools, Floats, Ints
from outvoted.search.strategies.base import Evidence, Memory, Offer, Position, Proposals
from outvoted.search.strategies.stepwise import Stepwise
from outvoted.search.transforms import Transform


class Hillclimb(Stepwise):
    """Take the first move that lowers the target's output for the label while all peers keep the label.

    Baluja, Covell & Sukthankar, section 2. Candidates are tried in the order of their steps, so trying
    several at once and taking the first acceptable one is exactly the sequential procedure.
    """

    kind: Literal["hillclimb"] = "hillclimb"
    speculative: Annotated[int, Field(ge=1, le=4096)] = 4
    """Candidates tried at once after an accepted move. While none is accepted, as many are tried at once
    as have failed already, so that looking ahead costs a share of the inferences, not a multiple."""

    @property
    def label(self) -> str:
        """The strategy's name in tables."""
        return self.kind

    @property
    def onward(self) -> bool:
        """Climb move by move."""
        return True

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Double what has been tried since the last accepted move."""
        return np.maximum(stale, self.speculative)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Apply a random move to where each search stands."""
        moves = transform.sample(uniform)
        return Offer(moves, transform.compose(position.composed[search], moves), np.empty((len(moves), 0)))

    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Keep proposals on which the target's output for the label falls."""
        return np.asarray(evidence.score < position.score[proposals.search])
