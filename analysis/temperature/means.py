"""Means of what is there; NaN stands for what is not."""

import numpy as np

from outvoted.search.arrays import Floats


def mean(values: Floats, axis: int) -> Floats:
    """Return the mean over an axis of the values that are not NaN; NaN, silently, where all are."""
    there = ~np.isnan(values)
    number = there.sum(axis).astype(np.float64)
    return np.asarray(np.where(there, values, 0).sum(axis) / np.where(number == 0, np.nan, number))
