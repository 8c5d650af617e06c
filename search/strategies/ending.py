"""Strategies of generations whose searches end at their first mistake."""

from outvoted.search.arrays import Ints
from outvoted.search.strategies.base import Memory, Proposals, Votes
from outvoted.search.strategies.generational import Generational, clearest, refuse_without_knobs
from outvoted.search.transforms import Transform


class Ending(Generational):
    """A generation with mistakes ends the search; the clearest of them is recorded."""

    @property
    def lasting(self) -> bool:
        """A mistake ends the search."""
        return False

    def check(self, transform: Transform) -> None:
        """Refuse transforms without knobs."""
        refuse_without_knobs(self.label, transform)

    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Record the clearest of the mistakes that end the search."""
        return clearest(proposals, votes, mistakes)
