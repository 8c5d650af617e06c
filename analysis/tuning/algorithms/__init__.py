"""What suggests trials."""

from outvoted.analysis.tuning.algorithms.grid import GridSearch
from outvoted.analysis.tuning.algorithms.random_points import RandomPoints
from outvoted.analysis.tuning.algorithms.samplers import CMAES, NSGA2, TPE, GaussianProcess

BUILT_IN = (GridSearch, RandomPoints, TPE, NSGA2, CMAES, GaussianProcess)
"""All that need no Ray."""

__all__ = ["BUILT_IN", "CMAES", "NSGA2", "TPE", "GaussianProcess", "GridSearch", "RandomPoints"]
