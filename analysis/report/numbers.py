"""Numbers of a report: shares, means and intervals, and the one way in which all of them are written."""

from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import ArrayLike

from outvoted.search.arrays import Floats

LEVEL = 0.95
_UNEVEN = 1e-6  # of an interval, by which its halves may differ
DASH = "–"
"""Stands for a number that was not measured."""

Interval = tuple[float | None, float | None, float | None]
"""Mean, and the ends of its 95 % confidence interval; None where there are too few values to tell."""


@dataclass(frozen=True)
class Proportion:
    """``hits`` out of ``of``, with Wilson's 95 % interval; None where there is nothing to count.

    The interval assumes that what is counted is independent.
    """

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    def percent(self) -> str:
        """Write it in percent, say ``26 (19–34)``."""
        return Form(0, 100)(self)


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over repeats; None where there is nothing to take them of."""

    mean: float | None
    std: float | None

    def percent(self, sign: str = "") -> str:
        """Write both in percent, say ``41.2 ± 0.8``; ``sign`` is ``+`` for differences."""
        return Form(1, 100, sign)(self)


@dataclass(frozen=True)
class Beside:
    """A number with the paper's own in brackets, where the paper has one."""

    value: float | None
    paper: float | None


Number = float | Spread | Proportion | Interval | Beside | None


def proportion(hits: int, of: int) -> Proportion:
    """Return the share of ``hits`` in ``of``, with its interval (E. B. Wilson, 1927)."""
    if of == 0:
        return Proportion(0, 0, None, None, None)
    return Proportion(hits, of, hits / of, *wilson(hits / of, of))


def wilson(value: float, of: float) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval of a share of ``of``, which may be any number above 0."""
    z = float(scipy.special.ndtri((1 + LEVEL) / 2))
    middle, half = value + z**2 / (2 * of), z * np.sqrt(value * (1 - value) / of + z**2 / (4 * of**2))
    low, high = (float(end / (1 + z**2 / of)) for end in (middle - half, middle + half))
    return 0.0 if value == 0 else low, 1.0 if value == 1 else high


def spread(values: ArrayLike) -> Spread:
    """Take mean and sample standard deviation of a row of values; NaN are passed over."""
    there = np.asarray(values, np.float64)
    there = there[~np.isnan(there)]
    return Spread(
        float(there.mean()) if len(there) else None, float(there.std(ddof=1)) if len(there) > 1 else None
    )


def nan_mean(values: Floats, axis: int) -> Floats:
    """Return the mean over an axis of the values that are not NaN; NaN, without a warning, where all are."""
    there = ~np.isnan(values)
    number = there.sum(axis).astype(np.float64)
    return np.asarray(np.where(there, values, 0).sum(axis) / np.where(number == 0, np.nan, number))


def interval(values: ArrayLike) -> Interval:
    """Return the mean of independent values and its 95 % interval by Student's t; NaN are passed over.

    The interval isn't clipped to possible values: that of a correlation may reach below -1.

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
    half = float(scipy.stats.t.ppf((1 + LEVEL) / 2, len(there) - 1) * there.std(ddof=1) / np.sqrt(len(there)))
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Form:
    """How a number is written.

    Attributes:
        digits: after the point; None for as many as it takes, say 98 and 98.5.
        factor: what it is multiplied by, 100 for percent.
        sign: "+" to write the sign of positive numbers too.
        unit: stands behind it.
        mark: stands before it.
    """

    digits: int | None = 1
    factor: float = 1
    sign: str = ""
    unit: str = ""
    mark: str = ""

    def __call__(self, value: Number | str) -> str:
        """Write a number, say ``41.2``, ``41.2 ± 0.8`` or ``26 (19–34)``; None is a dash, text stays.

        An interval whose ends are not equally far from its mean is written with its ends.
        """
        match value:
            case None | Spread(mean=None) | Proportion(value=None) | (None, _, _):
                return DASH
            case str():
                return value
            case Spread(mean, std):
                return self._around(mean, std)
            case Proportion():
                return self._within(value.value or 0, value.low or 0, value.high or 0)
            case (mean, float(low), float(high)) if not _symmetric(mean, low, high):
                return self._within(mean, low, high)
            case (mean, low, _):
                return self._around(mean, None if low is None else mean - low)
            case Beside():
                return self(value.value) + ("" if value.paper is None else f" [{value.paper:g}]")
            case _:
                return self.number(value)

    def number(self, value: float) -> str:
        """Write one number."""
        places = "g" if self.digits is None else f",.{self.digits}f"
        return f"{self.mark}{self.factor * value:{self.sign}{places}}{self.unit}"

    def span(self, low: float | None, high: float | None) -> str:
        """Write the ends of an interval: ``1.0 to 3.0``."""
        return DASH if low is None or high is None else f"{self.number(low)} to {self.number(high)}"

    @property
    def _bare(self) -> "Form":
        return replace(self, sign="", unit="", mark="")

    def _within(self, value: float, low: float, high: float) -> str:
        return f"{self.number(value)} ({self._bare.number(low)}–{self._bare.number(high)})"

    def _around(self, mean: float | None, half: float | None) -> str:
        beside = "" if half is None else f" ± {self._bare.number(half)}"
        return f"{replace(self, unit='').number(mean or 0)}{beside}{self.unit}"


def _symmetric(mean: float, low: float, high: float) -> bool:
    return abs((high - mean) - (mean - low)) <= _UNEVEN * (high - low)


COUNT = Form(0)
DECIMAL = Form(1)
PERCENT = Form(1, 100)
"""A share, 0 to 1, in percent, where a header or caption says so."""
SHARE = Form(1, 100, unit="%")
"""A share, 0 to 1, in percent with its sign."""
