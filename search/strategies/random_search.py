"""Pure random search: the baseline that every strategy should beat."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import Bools, Floats, Ints
from outvoted.search.strategies.base import Evidence, Position, Proposals, Strategy
from outvoted.search.transforms import Transform


class RandomSearch(Strategy):
    """Make one move from the seed, again and again, until one of them is a mistake."""

    name: Literal["random"] = "random"
    ahead: Annotated[int, Field(ge=1, le=4096)] = 64
    """Candidates tried at once."""

    @property
    def label(self) -> str:
        """The strategy's name in tables."""
        return self.name

    def lookahead(self, stale: Ints) -> Ints:
        """Try the same number each time: nothing is learnt on the way."""
        return np.full_like(stale, self.ahead)

    def compose(self, transform: Transform, position: Position, search: Ints, moves: Floats) -> Floats:
        """Apply each move to the untouched seed."""
        return transform.compose(transform.identity(len(moves)), moves)

    def promising(self, position: Position, proposals: Proposals, evidence: Evidence, labels: Ints) -> Bools:
        """Keep proposals that the target gets wrong."""
        return np.asarray((evidence.predicted >= 0) & (evidence.predicted != labels[proposals.search]))
