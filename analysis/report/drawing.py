"""What all pictures and plots share: colours, markers, names, plain axes, images as they are, whole files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.report.numbers import Proportion
from outvoted.search.arrays import Pixels

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Okabe & Ito's palette, which colour-blind readers can tell apart. Further classes repeat the colours."""
THREE = COLOURS[:3]
"""Blue, orange and green: the pair's classes and the third."""
OTHERS = "#777777"
"""All other classes together; seen on light and on dark paper."""
DASHES = ("solid", "dash", "dashdot", "dot")
"""Of interactive lines: the three classes, and all others."""
_MARKERS = "o^sDvP*X"
TARGET, PEERS = COLOURS[5], "#8a8a8a"
"""The one network that errs stands out in vermilion from the others in grey."""
MENU = {"bgcolor": "#f2f2f2", "font": {"size": 12, "color": "#222222"}}
"""How menus of plots look: Plotly marks the choice by a light colour, whatever the theme."""

mpl.use("Agg")
mpl.rcParams["text.parse_math"] = False  # names of classes and networks may hold dollar signs


def colour(label: int) -> str:
    """Return the colour of a class."""
    return COLOURS[label % len(COLOURS)]


def marker(label: int) -> str:
    """Return Matplotlib's name of a class's marker."""
    return _MARKERS[label % len(_MARKERS)]


def plain(axes: Axes) -> None:
    """Take away what frames a plot needlessly."""
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize=8)


def show(axes: Axes, image: Pixels) -> None:
    """Draw an image, shape (channels, height, width), as its pixels are."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


class _Powers(LogFormatter):
    """Writes 0.01, 0.1, 1, not formulas, which would be shown as their source: ``text.parse_math`` is off."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return a number, or nothing where Matplotlib leaves out the label."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, all of it or nothing, with plain numbers on logarithmic axes."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(_Powers())
            axis.set_minor_formatter(_Powers())
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=110))


def error_bars(values: Sequence[Proportion]) -> dict[str, Any]:
    """Return what makes a Plotly trace of shares with their intervals."""
    known = [(each.value or 0.0, each.low or 0.0, each.high or 0.0) for each in values]
    error = {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in known],
        "arrayminus": [value - low for value, low, _ in known],
        "thickness": 1,
        "color": "#888888",  # seen on light and on dark
    }
    return {"y": [each.value for each in values], "error_y": error}


def plot_text(text: str) -> str:
    """Return text that Plotly, which takes some tags for markup, shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def class_names(record: RunRecord, classes: int) -> Sequence[str]:
    """Return the names of a run's classes; their numbers where they have none, or another number of them."""
    named = record.data.class_names if record.data is not None else None
    return named if named and len(named) == classes else tuple(map(str, range(classes)))


def caption(record: RunRecord, label: int, predicted: int) -> str:
    """Return "label → wrong class": numbers on one line, or the names of the run's classes on two."""
    return confusion(record.data.class_names if record.data is not None else None, label, predicted)


def confusion(names: Sequence[str] | None, label: int, predicted: int) -> str:
    """Return the same where the names of the classes are at hand, or known not to be."""
    if names is None or max(label, predicted) >= len(names):
        return f"{label} → {predicted}"
    first, second = shortened(names[label]), shortened(names[predicted])
    gap = " " if len(first) + len(second) <= _ON_ONE_LINE else "\n"
    return f"{first} →{gap}{second}"


_ON_ONE_LINE = 8  # characters of two names


def shortened(name: str, longest: int = 20) -> str:
    """Cut a class's name to so many characters."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
