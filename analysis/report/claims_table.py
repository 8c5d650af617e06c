"""A paper's claims, drawn for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from outvoted.analysis.report.claims import Claim, Unit

_UNITS: dict[Unit, str] = {
    "share": "percentage points",
    "ratio": "× ratios (1 is none)",
    "correlation": "r and ρ correlations",
    "of 10,000": "N images of 10,000",
}


def claims_table(claims: Sequence[Claim], note: str = "") -> Table:
    """Draw claims with effects, 95 % intervals, the paper's own effects and verdicts, 80 columns wide.

    Claims in several places stand under their text; those of a single setting are left out. ``note`` is added
    to what is said below.
    """
    shown = [claim for claim in claims if not claim.single]
    told = any(claim.published is not None for claim in shown)
    drawn = Table(
        title="the paper's claims",
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    drawn.add_column("claim")
    for name in ("effect", "95 %", *(["paper"] if told else [])):
        drawn.add_column(name, justify="right", no_wrap=True)
    drawn.add_column("verdict", max_width=13)
    above = None
    for claim in shown:
        if claim.where and claim.text != above:
            drawn.add_row(Text(claim.text, style="bold"))
        above = claim.text
        name = f"  {claim.where}: {claim.measure}" if claim.where else claim.text
        paper = [_effect(claim, claim.published)] if told else []
        drawn.add_row(Text(name), _effect(claim, claim.effect), _span(claim), *paper, claim.verdict)
    drawn.caption = _caption(shown, told) + note
    return drawn


def _caption(claims: Sequence[Claim], told: bool) -> str:
    units = ", ".join(text for unit, text in _UNITS.items() if any(claim.unit == unit for claim in claims))
    paper = "; paper: the same effect by the paper's tables" if told else ""
    return (
        f"effects: means over seeds, in {units}; intervals: of networks that differ in their seed alone, by "
        f"Student's t or, of ratios, F; undecided: the bound lies within, or there are too few seeds{paper}"
    )


def _span(claim: Claim) -> str:
    return "–" if claim.low is None else f"{_effect(claim, claim.low)} to {_effect(claim, claim.high)}"


def _effect(claim: Claim, value: float | None) -> str:
    if value is None:
        return "–"
    forms: dict[Unit, str] = {
        "share": f"{100 * value:+.1f}",
        "ratio": f"{value:.2f}×",
        "correlation": f"{value:+.2f}",
        "of 10,000": f"N{value:+.1f}",
    }
    return forms[claim.unit]
