"""What suggests trials."""

from typing import Literal

from outvoted.analysis.tuning.algorithms.base import Algorithm
from outvoted.search.settings import choice


class GridSearch(Algorithm):
    """Every combination of the values that keys list, once."""

    kind: Literal["grid"] = "grid"

    @property
    def adaptive(self) -> bool:
        """No."""
        return False


class RandomPoints(Algorithm):
    """Points drawn at random."""

    kind: Literal["random"] = "random"

    @property
    def adaptive(self) -> bool:
        """No."""
        return False


AnyAlgorithm = choice(Algorithm, GridSearch, RandomPoints)
