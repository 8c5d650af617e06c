"""How images are searched for mistakes: ``mine(panel, strategy=Gradient(steps=12))``."""

from outvoted.search.strategies import (
    PBIL,
    EvolutionStrategy,
    Genetic,
    Gradient,
    Hillclimb,
    MapElites,
    RandomSearch,
    Strategy,
)

__all__ = [
    "PBIL",
    "EvolutionStrategy",
    "Genetic",
    "Gradient",
    "Hillclimb",
    "MapElites",
    "RandomSearch",
    "Strategy",
]
