"""A noise-class sweep's tables for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from outvoted.actors.labels import plain
from outvoted.analysis.training_value.rows import Gain, Row

_FIGURES = ("A", "σ_A", "P_c", "P_s", "P_g")
_CAPTION = (
    "% of test images, means over networks: A accuracy, σ_A its standard deviation, P_c and P_s the "
    "probability of the answer where right and where wrong, P_g of the true class where wrong"
)
_WITH_NOISE = (
    "; N images of 10,000 called noise; gain: A over that of the same images without noise, by seed, with "
    "half its 95 % interval"
)
_PAPER = "; paper: the paper's A"


def selection_table(rows: Sequence[Row], baseline: Row, title: str, seeds: int) -> Table:
    """Draw table 2 or 3 of Fan & Yezzi with their accuracy in the last column, and a row for all images."""
    noise = any(row.added for row in rows)
    drawn = _table(title, noise, ("paper",))
    for row in rows:
        told = "–" if row.published is None else _percent(row.published.test_accuracy)
        drawn.add_row(
            f"{row.criteria} {plain(row.fraction or 0)}{_fewer(row, seeds)}", *_cells(row, noise), told
        )
        if row.criteria == rows[-1].criteria:
            drawn.add_section()
    drawn.add_row(f"all{_fewer(baseline, seeds)}", *_cells(baseline, noise), "–")
    return drawn


def noise_table(rows: Sequence[Row], baseline: Row, seeds: int) -> Table:
    """Draw a row for each noise with which all images were trained."""
    drawn = _table("all training images, with a class of noise", True, ())
    drawn.add_row(f"no noise{_fewer(baseline, seeds)}", *_cells(baseline, True))
    for row in rows:
        name = row.setting.removeprefix("all+")
        drawn.add_row(f"{name}{_fewer(row, seeds)}", *_cells(row, True))
    return drawn


def _table(title: str, noise: bool, more: Sequence[str]) -> Table:
    drawn = Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    drawn.caption = _CAPTION + (_WITH_NOISE if noise else "") + (_PAPER if more else "")
    drawn.add_column("trained on", no_wrap=True)
    for name in (*_FIGURES, *(("N", "gain") if noise else ()), *more):
        drawn.add_column(name, justify="right", no_wrap=True)
    return drawn


def _cells(row: Row, noise: bool) -> list[str]:
    shares = (row.test_accuracy, row.accuracy_std)
    cells = [_percent(share, 2) for share in shares]
    cells += [_percent(share) for share in (row.right_confidence, row.wrong_confidence, row.wrong_truth)]
    return [*cells, "–" if row.noise is None else f"{row.noise:.1f}", _gain(row.gain)] if noise else cells


def _fewer(row: Row, seeds: int) -> str:
    return "" if row.networks == seeds else f" ({row.networks})"


def _gain(gain: Gain | None) -> str:
    if gain is None or gain.effect is None:
        return "–"
    half = "" if gain.high is None else f" ± {100 * (gain.high - gain.effect):.1f}"
    return f"{100 * gain.effect:+.1f}{half}"


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f}"
