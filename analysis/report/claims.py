"""What a paper claims, put to a sweep: an effect over seeds, its interval, and a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from outvoted.analysis.report.numbers import LEVEL, Form, Interval
from outvoted.analysis.report.table import Cell, Column, Table

Verdict = Literal["holds", "does not hold here", "undecided"]
Side = Literal["above", "below"]
Unit = Literal["share", "ratio", "correlation", "of 10,000"]
_UNITS: dict[Unit, str] = {
    "share": "percentage points",
    "ratio": "× ratios (1 is none)",
    "correlation": "r and ρ correlations",
    "of 10,000": "N images of 10,000",
}
_FORMS: dict[Unit, Form] = {
    "share": Form(1, 100, "+"),
    "ratio": Form(2, unit="×"),
    "correlation": Form(2, sign="+"),
    "of 10,000": Form(1, sign="+", mark="N"),
}


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
    ends = np.sqrt(stats.f.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], *dof))
    return ratio, ratio / float(ends[1]), ratio / float(ends[0])


def verdict(found: Interval, side: Side = "above", bound: float = 0.0) -> Verdict:
    """Say "undecided" where the interval holds the bound, and where there is no interval."""
    _, low, high = found
    if low is None or high is None or low <= bound <= high:
        return "undecided"
    return "holds" if (low > bound) == (side == "above") else "does not hold here"


def claims_table(claims: Sequence[Claim], note: str = "") -> Table:
    """Return claims with effects, 95 % intervals, the paper's own effects and verdicts.

    Claims in several places stand under their text; those of a single setting are left out. ``note`` is added
    to what is said below.
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
        form = _FORMS[claim.unit]
        paper = [form(claim.published)] if published else []
        yield [name, form(claim.effect), form.span(claim.low, claim.high), *paper, claim.verdict]


def _caption(claims: Sequence[Claim], published: bool) -> str:
    units = ", ".join(text for unit, text in _UNITS.items() if any(claim.unit == unit for claim in claims))
    paper = "; paper: the same effect by the paper's tables" if published else ""
    return (
        f"effects: means over seeds, in {units}; intervals: of networks that differ in their seed alone, by "
        f"Student's t or, of ratios, F; undecided: the bound lies within, or there are too few seeds{paper}"
    )
