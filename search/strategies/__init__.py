"""Strategies: one interface, one small file each."""

from typing import TYPE_CHECKING

from outvoted.search.settings import choice
from outvoted.search.strategies.base import Evidence, Memory, Offer, Position, Proposals, Strategy, Votes
from outvoted.search.strategies.evolution import EvolutionStrategy
from outvoted.search.strategies.genetic import Genetic
from outvoted.search.strategies.gradient import Gradient
from outvoted.search.strategies.hillclimb import Hillclimb
from outvoted.search.strategies.map_elites import MapElites
from outvoted.search.strategies.pbil import PBIL
from outvoted.search.strategies.random_search import RandomSearch

BUILT_IN = (Hillclimb, RandomSearch, Genetic, PBIL, EvolutionStrategy, MapElites, Gradient)

if TYPE_CHECKING:
    AnyStrategy = Strategy
else:
    AnyStrategy = choice(Strategy, *BUILT_IN)
    """Any strategy, told apart by its ``kind``; a user's own by its import path."""

__all__ = [
    "BUILT_IN",
    "PBIL",
    "AnyStrategy",
    "Evidence",
    "EvolutionStrategy",
    "Genetic",
    "Gradient",
    "Hillclimb",
    "MapElites",
    "Memory",
    "Offer",
    "Position",
    "Proposals",
    "RandomSearch",
    "Strategy",
    "Votes",
]
