"""The map of weaknesses: which label is taken for which, by whom, under which changes of the image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.analysis.mining.cells import Grid, Span, binned
from outvoted.analysis.report.packing import packed
from outvoted.analysis.report.report import Section, Widget
from outvoted.analysis.report.templating import asset, rendered
from outvoted.search.arrays import Ints
from outvoted.search.transforms import Transform

_MOST = 20  # classes along a side
_BINS = 5
_TEXT = (
    "Rows are labels, columns the classes they were mistaken for; the stronger the colour, the more often. "
    "Click a cell to see only its mistakes, or a bar to see where mistakes under that change lie: bars count "
    "mistakes by how the image was transformed."
)


@dataclass(frozen=True)
class Finders:
    """Whose mistakes they are; ``index`` (mistakes,) points into ``names``."""

    title: str
    names: Sequence[str]
    index: Ints


def weaknesses(
    mistakes: pd.DataFrame,
    transform: Transform,
    over: Span,
    finders: Sequence[Finders],
    classes: Sequence[str],
    gallery: bool,
) -> Section:
    """Make the section.

    Args:
        mistakes: rows of `mistakes` tables, at least one.
        transform: of the runs they come from.
        over: the span of its measures that is divided into bins.
        finders: what to filter by.
        classes: their names; of many, those with most mistakes are shown.
        gallery: whether the page has a gallery with all of these, to be shown there on demand.
    """
    grid = Grid(descriptors=transform.measures, bins=_BINS)
    bins = binned(mistakes, transform, grid, over)
    values = {
        "classes": list(classes),
        "label": packed(mistakes["label"], "u2"),
        "predicted": packed(mistakes["predicted"], "u2"),
        "most": _MOST,
        "finders": [
            {"title": each.title, "names": list(each.names), "index": packed(each.index, "u2")}
            for each in finders
        ],
        "changes": [
            {"name": name, "edges": _edges(over, axis), "bins": packed(bins[name], "u1")}
            for axis, name in enumerate(transform.measures)
        ],
        "gallery": gallery,
    }
    markup = rendered("weaknesses.html")
    widget = Widget(markup, values, asset("weaknesses.js"), asset("weaknesses.css"))
    return Section("Map of weaknesses", _TEXT, (widget,))


def _edges(over: Span, axis: int) -> list[float]:
    edges = np.linspace(over.low[axis], over.high[axis], _BINS + 1)
    return [float(f"{edge:.3g}") for edge in edges]
