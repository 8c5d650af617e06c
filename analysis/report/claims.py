"""A paper's claim, tested on networks trained here: an effect over seeds, its interval, and a verdict.

A claim is declared with its text, what is computed, and on which side of a bound its effect lies if it is
true; `Claim.over` tests it on one value per seed::

    Claim("Noise raises accuracy", "A: with noise - without", published=0.016).over(with_noise - without)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from outvoted.analysis.report.numbers import LEVEL, Form, Interval, interval
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.search.arrays import Floats

Verdict = Literal["holds", "does not hold here", "undecided"]
Side = Literal["above", "below"]
Unit = Literal["share", "ratio", "correlation", "of 10,000"]
_UNITS: dict[Unit, tuple[str, Form]] = {
    "share": ("percentage points", Form(1, 100, "+")),
    "ratio": ("× ratios (1 is none)", Form(2, unit="×")),
    "correlation": ("r and ρ correlations", Form(2, sign="+")),
    "of 10,000": ("N images of 10,000", Form(1, sign="+", mark="N")),
}
"""How captions name each unit, and how its effects are written."""


@dataclass(frozen=True)
class Claim:
    """A number that lies on ``side`` of ``bound`` if the claim is true.

    Attributes:
        text: what is claimed.
        computed_from: which figures of which settings; one value per seed.
        measure: what the effect is, in a few words, for a claim that is measured in several ways.
        where: the settings it was tested on, where there are several.
        side, bound: above 0 unless stated otherwise; the bound of a ratio is 1.
        unit: the unit of the effect; a share of 0.01 is one percentage point.
        published: the same effect computed from the paper's own tables, where they allow it.
        single: whether it concerns one of several settings that another claim pools; tables leave it out.
        effect: the mean over seeds; None if there are no networks to measure.
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

    def over(self, values: ArrayLike, where: str = "", single: bool = False) -> "Claim":
        """Return the claim tested on one value per seed, shape (n,), by Student's t; NaN are ignored."""
        return self.judged(interval(values), where, single)

    def judged(self, found: Interval, where: str = "", single: bool = False) -> "Claim":
        """Return the claim with the effect found and the verdict on it."""
        effect, low, high = found
        reached = verdict(found, self.side, self.bound)
        return replace(self, effect=effect, low=low, high=high, verdict=reached, where=where, single=single)


def ratio_interval(above: ArrayLike, below: ArrayLike, dof: tuple[int, int]) -> Interval:
    """Return the ratio of two standard deviations and its 95 % interval by the F distribution.

    Args:
        above, below: variances, whose means are compared.
        dof: the total degrees of freedom of the variances above and of those below.
    """
    upper, lower = (np.asarray(one, np.float64) for one in (above, below))
    if not min(dof) or not lower.size or not lower.mean() > 0 or not upper.mean() > 0:
        return None, None, None
    ratio = float(np.sqrt(upper.mean() / lower.mean()))
    ends = np.sqrt(scipy.stats.f.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], *dof))
    return ratio, ratio / float(ends[1]), ratio / float(ends[0])


def verdict(found: Interval, side: Side = "above", bound: float = 0.0) -> Verdict:
    """Decide by the interval: undecided if it contains the bound, or there is none."""
    _, low, high = found
    if low is None or high is None or low <= bound <= high:
        return "undecided"
    return "holds" if (low > bound) == (side == "above") else "does not hold here"


def claims_table(claims: Sequence[Claim], note: str = "") -> Table:
    """Return a table of claims with effects, 95 % intervals, the paper's own effects, and verdicts.

    Claims tested in several places are listed under their text, without those of single settings. ``note`` is
    appended to the caption.
    """
    shown = [claim for claim in claims if not claim.single]
    published = any(claim.published is not None for claim in shown)
    columns = (
        *(Column("claim"), Column("effect", Form()), Column("95 %", Form())),
        *([Column("paper", Form())] if published else []),
        Column("verdict"),
    )
    return Table(
        "the paper's claims", columns, list(_rows(shown, published)), _caption(shown, published) + note
    )


def _rows(claims: Sequence[Claim], published: bool) -> Iterator[list[Cell]]:
    above = None
    for claim in claims:
        if claim.where and claim.text != above:
            yield [claim.text]
        above = claim.text
        name = f"  {claim.where}: {claim.measure}" if claim.where else claim.text
        _, form = _UNITS[claim.unit]
        paper = [form(claim.published)] if published else []
        yield [name, form(claim.effect), form.span(claim.low, claim.high), *paper, claim.verdict]


def _caption(claims: Sequence[Claim], published: bool) -> str:
    units = ", ".join(
        text for unit, (text, _) in _UNITS.items() if any(claim.unit == unit for claim in claims)
    )
    paper = "; paper: the same effect from the paper's tables" if published else ""
    return (
        f"effects: means over seeds, in {units}; intervals: over networks that differ only in their seed, by "
        "Student's t (ratios: F); undecided: the interval contains the bound, or there are too few "
        f"seeds{paper}"
    )


_SHUFFLES = 9999
_LEVEL = 0.05


@dataclass(frozen=True)
class Monotonic:
    """Spearman's rank correlation, and what it would be by chance.

    Attributes:
        settings: how many pairs it is of.
        coefficient: -1 to 1; None where a figure is the same in all settings, or there are fewer than 3.
        p: two-sided, by permutation: how often shuffled settings correlate as much.
        chance: the middle 95 % of the coefficients of shuffled settings.
        falls: whether the second figure falls as the first rises: it holds, or does not hold here (it rises),
            where ``p`` is below 0.05, else it is undecided.
    """

    settings: int
    coefficient: float | None
    p: float | None
    chance: tuple[float, float] | None
    falls: Verdict


def monotonic(first: Sequence[float], second: Sequence[float]) -> Monotonic:
    """Correlate two figures by their ranks; all permutations are tried where those are few, else 9,999."""
    ranks = np.stack([scipy.stats.rankdata(first), scipy.stats.rankdata(second)]) - (len(first) + 1) / 2
    norm = float(np.prod(np.linalg.norm(ranks, axis=1)))
    if len(first) < 3 or norm == 0:
        return Monotonic(len(first), None, None, None, "undecided")

    def coefficient(shuffled: Floats, axis: int = -1) -> Floats:
        """Correlate shuffled ranks of the first figure, along ``axis``, with those of the second."""
        return np.asarray(np.moveaxis(shuffled, axis, -1) @ ranks[1] / norm)

    tested = scipy.stats.permutation_test(
        (ranks[0],),
        coefficient,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=_SHUFFLES,
        rng=np.random.default_rng(0),
    )
    found, p = float(tested.statistic), float(tested.pvalue)
    low, high = np.quantile(tested.null_distribution, [_LEVEL / 2, 1 - _LEVEL / 2])
    sure: Verdict = "holds" if found < 0 else "does not hold here"
    return Monotonic(len(first), found, p, (float(low), float(high)), sure if p < _LEVEL else "undecided")
