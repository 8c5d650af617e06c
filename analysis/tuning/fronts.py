"""What is best, of trials with one objective or several."""

from collections.abc import Sequence

import numpy as np

from outvoted.analysis.tuning.objectives import Goal
from outvoted.search.arrays import Floats


def front(values: Sequence[Sequence[float]], ways: Sequence[Goal]) -> list[int]:
    """Return the indices of the rows that no other dominates: of one objective, those of its best value.

    A row dominates another if it is at least as good in every objective and better in one.

    Args:
        values: a row for each trial, with a value for each objective.
        ways: which way each objective is to go.
    """
    gains = gains_of(values, ways)
    found = []
    for index, row in enumerate(gains):
        dominated = (gains >= row).all(1) & (gains > row).any(1)
        if not dominated.any():
            found.append(index)
    return found


def gains_of(values: Sequence[Sequence[float]], ways: Sequence[Goal]) -> Floats:
    """Return values of which the larger is always the better, shape (trials, objectives)."""
    signs = np.array([1.0 if way == "maximise" else -1.0 for way in ways])
    gains: Floats = np.array(values, np.float64).reshape(-1, len(ways)) * signs
    return gains
