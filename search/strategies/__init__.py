"""Strategies: one interface, one small file each."""

from outvoted.search.strategies.base import Evidence, Position, Proposals, Strategy
from outvoted.search.strategies.hillclimb import Hillclimb
from outvoted.search.strategies.random_search import RandomSearch

__all__ = ["Evidence", "Hillclimb", "Position", "Proposals", "RandomSearch", "Strategy"]
