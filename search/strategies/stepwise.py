"""Strategies that try one candidate after another and take the first that will do."""

import numpy as np

from outvoted.search.arrays import Bools, Ints
from outvoted.search.plan import Shard
from outvoted.search.strategies.base import Memory, Proposals, Strategy, Votes
from outvoted.search.transforms import Transform


class Stepwise(Strategy):
    """Nothing is remembered but where the search stands; one random move makes a candidate."""

    @property
    def stepwise(self) -> bool:
        """The first acceptable candidate is taken."""
        return True

    @property
    def lasting(self) -> bool:
        """A mistake ends the search."""
        return False

    @property
    def gradients(self) -> bool:
        """No gradients."""
        return False

    def check(self, transform: Transform) -> None:
        """Search any transform."""

    def draws(self, transform: Transform) -> int:
        """One random move."""
        return transform.draws

    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Remember nothing."""
        return {}

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Learn nothing."""
        return memory

    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Record the mistake that ends the search."""
        return mistakes[np.unique(proposals.search[mistakes], return_index=True)[1]]
