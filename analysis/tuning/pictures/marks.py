"""Trials as points of interactive plots."""

from typing import Any

import numpy as np

from outvoted.analysis.report.drawing import plot_text
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.pictures.shown import Mark, ShownTrials
from outvoted.search.arrays import Floats, Ints

_DIGITS = 5
_TITLE = 30  # characters of an axis' title on a line


def short(values: Floats) -> list[float | None]:
    """Return numbers with few digits, which keeps a page small, and None for NaN."""
    return [None if np.isnan(value) else float(f"{value:.{_DIGITS}g}") for value in values.tolist()]


def folded(name: str, between: str, longest: int = 18) -> str:
    """Fold a long name at its dots and blanks, into lines of about so many characters."""
    lines = [""]
    for word in name.replace(".", ".\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1] + word) > longest:
            lines.append("")
        lines[-1] += word
    return between.join(line.strip() for line in lines)


def axis_title(text: str) -> dict[str, Any]:
    """Return the title of an axis, small enough for panels."""
    return {"text": folded(plot_text(text), "<br>", _TITLE), "font": {"size": 12}}


def faint(colour: str) -> str:
    """Return a colour of six hexadecimal digits, half transparent."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.5)"


def plotly_points(
    shown: ShownTrials,
    mark: Mark,
    some: Ints,
    x: Floats,
    y: Floats,
    *aims: Aim | None,
    briefly: bool = False,
) -> dict[str, Any]:
    """Return what makes a Plotly scatter of a sort of trials, with intervals where there are few.

    Args:
        x, y: of all trials shown, shape (trials,).
        aims: the objectives along y and x, whose intervals are drawn.
        briefly: whether a pointer is told the trial's number alone, which keeps a page of many panels small.
    """
    colour = mark.colour if mark.colour != "#000000" else "#777777"  # seen on dark paper too
    found: dict[str, Any] = {
        "x": short(x[some]),
        "y": short(y[some]),
        "mode": "markers",
        "name": mark.label,
        "legendgroup": mark.label,
        "marker": {"color": colour, "symbol": mark.symbol, "size": mark.size + 2, "line": {"width": 1.2}},
        "hovertext": [shown.brief[k] if briefly else shown.told[k] for k in some],
        "hoverinfo": "text",
    }
    if not mark.filled or mark.symbol.endswith("open"):
        found["marker"]["line"]["color"] = colour
    else:
        found["marker"]["line"]["width"] = 0
    for name, aim in zip(("error_y", "error_x"), aims, strict=False):
        reach = None if aim is None else shown.reach(aim, some)
        if reach is not None:
            below, above = (short(each) for each in reach)
            bars = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
            found[name] = {**bars, "thickness": 1, "width": 0, "color": faint(colour)}
    return found
