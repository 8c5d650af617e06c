"""Shares, means and rates of what comes in groups that are independent, though what is within one is not."""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from outvoted.analysis.report.numbers import LEVEL, Interval
from outvoted.search.arrays import Floats


def independent(hits: ArrayLike, of: ArrayLike) -> float:
    """Return how many independent ones tell as much of the share of hits as those in groups do.

    This is the number of all over Kish's design effect, which is taken to be at least 1. One group, or groups
    of which all or none are hits, tell nothing of that effect: each is worth one.

    Args:
        hits, of: shape (groups,), how many hits there are in each group, of how many.
    """
    hit, each = _groups(hits, of)
    whole = float(each.sum())
    share = float(hit.sum()) / whole if whole else 0.0
    if len(each) < 2 or share in (0, 1):
        return min(whole, float(len(each)))
    alone = whole * share * (1 - share) * whole / (whole - 1)
    return whole / max(1.0, _apart(hit, each) / alone)


def mean_in_groups(totals: ArrayLike, of: ArrayLike) -> Interval:
    """Return the mean of values that come in groups, and its 95 % interval by Student's t.

    Args:
        totals, of: shape (groups,), the sum of the values of each group, and how many they are.
    """
    total, each = _groups(totals, of)
    if not len(each):
        return None, None, None
    mean, half = float(total.sum() / each.sum()), _half(total, each)
    return (mean, None, None) if half is None else (mean, mean - half, mean + half)


def rate(found: ArrayLike, spent: ArrayLike) -> Interval:
    """Return how much was found of all that was spent, and its 95 % interval.

    The interval is that of the delta method on the logarithm, by Student's t: it never reaches below 0, and
    the reciprocals of its ends are the ends of the interval of what was spent for each that was found.

    Args:
        found, spent: shape (groups,), 0 or more.
    """
    each, cost = _groups(found, spent)
    if not cost.any():
        return None, None, None
    value, half = float(each.sum() / cost.sum()), _half(each, cost)
    if not value or half is None:
        return value, None, None
    factor = float(np.exp(half / value))
    return value, value / factor, value * factor


def _groups(values: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats]:
    """Return what there is of groups that are not empty."""
    each, number = np.asarray(values, np.float64), np.asarray(of, np.float64)
    there = (each != 0) | (number != 0)
    return each[there], number[there]


def _apart(values: Floats, of: Floats) -> float:
    """Return the variance of the sum of all values beyond what the groups' sizes explain."""
    apart = values - values.sum() / of.sum() * of
    return float((apart**2).sum()) * len(of) / (len(of) - 1)


def _half(values: Floats, of: Floats) -> float | None:
    """Return half the 95 % interval of the ratio of both sums, by the delta method; None of one group."""
    if len(of) < 2:
        return None
    t = float(scipy.stats.t.ppf((1 + LEVEL) / 2, len(of) - 1))
    return t * float(np.sqrt(_apart(values, of)) / of.sum())
