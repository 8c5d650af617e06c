"""What suggests trials."""

from typing import TYPE_CHECKING

from outvoted.analysis.tuning.algorithms.base import Algorithm
from outvoted.analysis.tuning.algorithms.grid import GridSearch
from outvoted.analysis.tuning.algorithms.random_points import RandomPoints
from outvoted.analysis.tuning.algorithms.samplers import CMAES, NSGA2, TPE, GaussianProcess
from outvoted.search.settings import choice

BUILT_IN = (GridSearch, RandomPoints, TPE, NSGA2, CMAES, GaussianProcess)

if TYPE_CHECKING:
    AnyAlgorithm = Algorithm
else:
    AnyAlgorithm = choice(Algorithm, *BUILT_IN)
    """Any algorithm, told apart by its ``kind``; a user's own by its import path."""

__all__ = [
    "BUILT_IN",
    "CMAES",
    "NSGA2",
    "TPE",
    "AnyAlgorithm",
    "GaussianProcess",
    "GridSearch",
    "RandomPoints",
]
