"""What a paper claims, put to a sweep: an effect over seeds, its interval, and a verdict."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

Verdict = Literal["holds", "does not hold here", "undecided"]
Side = Literal["above", "below"]
Unit = Literal["share", "ratio", "correlation", "of 10,000"]
Interval = tuple[float | None, float | None, float | None]
"""Mean, and the ends of its 95 % confidence interval; None where there are too few values to tell."""
_LEVEL = 0.95


@dataclass(frozen=True)
class Claim:
    """A claim as a number that lies ``side`` of ``bound`` if the claim is true.

    Attributes:
        text: what is claimed.
        computed_from: which figures of which settings; one value for each seed.
        measure: in few words, what the effect is, where a claim is measured in several ways.
        where: which settings it was looked at for, where there are several.
        side, bound: above 0, or for a ratio 1, unless it claims more, or less.
        unit: what the effect is counted in; a share of 0.01 is a percentage point.
        published: the same effect by the paper's own numbers, where its tables have them.
        single: whether it is about one setting out of several that another claim pools.
        effect: the mean over seeds; None where no network is there to take it of.
        low, high: the ends of its 95 % confidence interval; None for fewer than two seeds.
        verdict: see `verdict`.
    """

    text: str
    computed_from: str
    measure: str = ""
    where: str = ""
    side: Side = "above"
    bound: float = 0.0
    unit: Unit = "share"
    published: float | None = None
    single: bool = False
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict = "undecided"

    def judged(self, found: Interval, where: str = "", single: bool = False) -> "Claim":
        """Return the claim with the effect that was found, and the verdict on it."""
        effect, low, high = found
        said = verdict(found, self.side, self.bound)
        return replace(self, effect=effect, low=low, high=high, verdict=said, where=where, single=single)


def interval(values: ArrayLike) -> Interval:
    """Return the mean of independent values and its 95 % interval by Student's t; NaN are passed over.

    Nothing cuts it off at the ends of what is possible: that of a correlation may reach below -1.

    Args:
        values: shape (n,), those of seeds.
    """
    there = np.asarray(values, np.float64)
    there = there[~np.isnan(there)]
    if not len(there):
        return None, None, None
    mean = float(there.mean())
    if len(there) < 2:
        return mean, None, None
    half = float(stats.t.ppf((1 + _LEVEL) / 2, len(there) - 1) * there.std(ddof=1) / np.sqrt(len(there)))
    return mean, mean - half, mean + half


def ratio_interval(above: ArrayLike, below: ArrayLike, dof: tuple[int, int]) -> Interval:
    """Return the ratio of two standard deviations and its 95 % interval by the F distribution.

    Args:
        above, below: variances, of which the means are compared.
        dof: the degrees of freedom of all variances above and below together.
    """
    upper, lower = (np.asarray(one, np.float64) for one in (above, below))
    if not min(dof) or not lower.size or not lower.mean() > 0 or not upper.mean() > 0:
        return None, None, None
    ratio = float(np.sqrt(upper.mean() / lower.mean()))
    ends = np.sqrt(stats.f.ppf([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], *dof))
    return ratio, ratio / float(ends[1]), ratio / float(ends[0])


def verdict(found: Interval, side: Side = "above", bound: float = 0.0) -> Verdict:
    """Say "undecided" where the interval holds the bound, and where there is no interval."""
    _, low, high = found
    if low is None or high is None or low <= bound <= high:
        return "undecided"
    return "holds" if (low > bound) == (side == "above") else "does not hold here"
