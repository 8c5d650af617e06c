"""How searches find mistakes: nine strategies, and a user's own.

A strategy is a frozen value, named by its ``kind`` in a configuration, that composes two parts:

A *proposer* makes candidates.
    ``draws`` says how many random numbers one takes, ``count`` how many to try at once, ``propose`` makes
    them from where the searches stand (``moved_on``) or from their seeds (``moved_seed``, ``placed``), and
    ``learn`` takes in what the peers said. What it knows of a search lies in the ``Memory`` that ``begin``
    and ``learn`` return.

An *acceptance* decides what becomes of them.
    ``promising`` picks, from the target's answers alone, the candidates that the voters are asked about;
    ``accept`` says where each search moves to, ``keep`` which mistakes are recorded, and ``tries`` how many
    more candidates a search may try, which is how it ends: by a mistake, or out of patience.

One round of ``outvoted.search.climb``, for thousands of searches at once:

1. ``proposer.count`` and ``acceptance.tries`` say how many candidates each search tries; none ends it;
2. ``proposer.propose`` makes them; those outside the realism budget are put to no network;
3. each target is asked about its candidates, then the voters about those that ``acceptance.promising`` picks,
   one after another until one objects (``proposer.sittings``: all at once if each vote teaches something);
4. ``acceptance.accept`` and ``keep`` decide; a broken network fails only the searches that got as far;
5. ``proposer.learn`` takes in the votes.

Two acceptances serve most strategies. ``FirstOfAll`` tries candidates one after another and takes the first
that is promising and keeps the voters' consensus; those behind it were speculative: they cost inferences and
count for nothing else. ``BestOfGeneration`` judges a round as a whole and moves to the best. Patience is
measured in candidates in a row that were not accepted: the first ends exactly when it is spent, the second
with the generation in which it is.

All of it is pure. A search knows nothing but its Position and its Memory, random numbers come from streams
keyed by (search, step), and row i of every result depends on row i of the arguments alone: a search gives the
same rows whichever others run beside it, and wherever.

An own strategy puts parts together, its own or these, and is named by its import path::

    class Strides(Strategy):
        kind: str = "strides:Strides"

        @property
        def proposer(self) -> Proposer:
            return RandomMoves(speculative=16)

        @property
        def acceptance(self) -> Acceptance:
            return FirstOfAll(lower_or_wrong)
"""

from typing import TYPE_CHECKING

from outvoted.search.settings import choice
from outvoted.search.strategies.acceptance import BestOfGeneration, FirstOfAll, lower, lower_or_wrong, wrong
from outvoted.search.strategies.auto import Auto
from outvoted.search.strategies.base import (
    Acceptance,
    Chosen,
    Evidence,
    Memory,
    Offer,
    Position,
    Proposals,
    Proposer,
    Strategy,
    Votes,
    moved_on,
    moved_seed,
    placed,
)
from outvoted.search.strategies.bayesian import Bayesian
from outvoted.search.strategies.evolution import EvolutionStrategy
from outvoted.search.strategies.generational import Generation, Generational
from outvoted.search.strategies.genetic import PBIL, Genetic
from outvoted.search.strategies.gradient import Gradient
from outvoted.search.strategies.map_elites import MapElites
from outvoted.search.strategies.random_moves import Hillclimb, RandomMoves, RandomSearch, SeedMoves

BUILT_IN = (Hillclimb, RandomSearch, Genetic, PBIL, EvolutionStrategy, MapElites, Gradient, Bayesian, Auto)

if TYPE_CHECKING:
    AnyStrategy = Strategy
else:
    AnyStrategy = choice(Strategy, *BUILT_IN)
    """Any strategy, told apart by its ``kind``; a user's own by its import path."""

__all__ = [
    "BUILT_IN",
    "PBIL",
    "Acceptance",
    "AnyStrategy",
    "Auto",
    "Bayesian",
    "BestOfGeneration",
    "Chosen",
    "Evidence",
    "EvolutionStrategy",
    "FirstOfAll",
    "Generation",
    "Generational",
    "Genetic",
    "Gradient",
    "Hillclimb",
    "MapElites",
    "Memory",
    "Offer",
    "Position",
    "Proposals",
    "Proposer",
    "RandomMoves",
    "RandomSearch",
    "SeedMoves",
    "Strategy",
    "Votes",
    "lower",
    "lower_or_wrong",
    "moved_on",
    "moved_seed",
    "placed",
    "wrong",
]
