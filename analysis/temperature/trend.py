"""How a figure changes with the temperature, seed by seed."""

import numpy as np
from scipy import stats

from outvoted.search.arrays import Floats

_FEWEST = 3  # temperatures: two always lie in order, one way or the other


def trends(temperatures: Floats, values: Floats) -> Floats:
    """Return Spearman's correlation of the temperature with each seed's values, -1 to 1: (s,).

    NaN for a seed with values for fewer than three temperatures, or with equal ones alone.

    Args:
        temperatures: shape (t,).
        values: shape (t, s); those that are NaN are left out.
    """
    return np.array([_trend(temperatures, column) for column in values.T])


def _trend(temperatures: Floats, values: Floats) -> float:
    there = ~np.isnan(values)
    if there.sum() < _FEWEST or np.ptp(values[there]) == 0:
        return float("nan")
    return float(stats.spearmanr(temperatures[there], values[there]).statistic)


def differences(temperatures: Floats, values: Floats) -> Floats:
    """Return each seed's value at the lowest temperature minus that at the highest: (s,).

    They are the lowest and highest that any seed has a value for, the same for all seeds; NaN for a seed that
    lacks one of them, and everywhere if there are not two.

    Args:
        temperatures: shape (t,), rising.
        values: shape (t, s).
    """
    (measured,) = np.nonzero(~np.isnan(values).all(1))
    if len(measured) < 2:
        return np.full(values.shape[1], np.nan)
    return np.asarray(values[measured[0]] - values[measured[-1]])
