"""What is best, of trials with one objective or several."""

from collections.abc import Sequence

import numpy as np

from outvoted.analysis.tuning.objectives import Goal
from outvoted.search.arrays import Floats


def front(values: Sequence[Sequence[float]], ways: Sequence[Goal]) -> list[int]:
    """Return the indices of the rows that no other dominates, rising; see :func:`undominated`.

    Args:
        values: a row for each trial, with a value for each objective.
        ways: which way each objective is to go.
    """
    return sorted(undominated(gains_of(values, ways)))


def gains_of(values: Sequence[Sequence[float]], ways: Sequence[Goal]) -> Floats:
    """Return values of which the larger is always the better, shape (trials, objectives)."""
    signs = np.array([1.0 if way == "maximise" else -1.0 for way in ways])
    gains: Floats = np.array(values, np.float64).reshape(-1, len(ways)) * signs
    return gains


def ranked(gains: Floats) -> list[int]:
    """Return the indices of rows, best first by the first objective, then the next; ties by index.

    Args:
        gains: shape (trials, objectives), larger being better.
    """
    keys = [-column for column in reversed(gains.T)]
    order: list[int] = np.lexsort([np.arange(len(gains)), *keys]).tolist()
    return order


def undominated(gains: Floats) -> list[int]:
    """Return the indices of the rows that no other dominates, in the order of :func:`ranked`.

    A row dominates another if it is at least as good in every objective and better in one. Of one objective
    these are the rows with its best value.

    Args:
        gains: shape (trials, objectives), larger being better.
    """
    found = list[int]()
    best = np.empty((0, gains.shape[1]))
    for index in ranked(gains):  # who comes later in this order dominates nobody before
        row = gains[index]
        if not ((best >= row).all(1) & (best > row).any(1)).any():
            found.append(index)
            best = np.append(best, row[None], axis=0)
    return found
