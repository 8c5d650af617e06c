"""The map of weaknesses: which label is taken for which, by whom, under which changes of the image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from outvoted.analysis.report.packing import packed
from outvoted.analysis.report.report import Section, Widget
from outvoted.analysis.report.templating import asset, rendered
from outvoted.search.arrays import Floats, Ints
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform

Cell = tuple[int, ...]
"""Label, wrong class, and the bin of each descriptor."""
_MOST = 20  # classes along a side
_BINS = 5
_TEXT = (
    "Rows are labels, columns the classes they were mistaken for; the stronger the colour, the more often. "
    "Click a cell to see only its mistakes, or a bar to see where mistakes under that change lie: bars count "
    "mistakes by how the image was transformed."
)


class Grid(Settings):
    """How mistakes are sorted into cells."""

    descriptors: tuple[str, ...] = ()
    """Which measures of the transform; the first three if left out."""
    bins: Annotated[int, Field(ge=1, le=64)] = 4
    """Bins of each descriptor, over its span."""

    def names(self, transform: Transform) -> tuple[str, ...]:
        """Return the descriptors' names.

        Raises:
            OutvotedError: one of them is no measure of the transform.
        """
        for name in self.descriptors:
            if name not in transform.measures:
                raise OutvotedError(
                    expected=f"descriptors among the transform's measures {transform.measures}",
                    found=f"'{name}'",
                    remedy=suggestion(name, transform.measures),
                )
        return self.descriptors or transform.measures[:3]


@dataclass(frozen=True)
class Span:
    """What bins divide: the least and the largest value of each measure, both of shape (measures,)."""

    low: Floats
    high: Floats


def span(transform: Transform, tables: Iterable[pd.DataFrame]) -> Span:
    """Return the span of a transform's measures for the `mistakes` tables of runs that are compared.

    Where knobs place candidates it is the realism budget, whatever was found: its corners are asked for.
    Without knobs it is what all the mistakes together fill.
    """
    if transform.knobs:
        ends = np.stack([np.zeros(transform.knobs), np.ones(transform.knobs)])
        described = transform.describe(transform.compose(transform.identity(2), transform.place(ends)))
    else:
        found = [_measured(table, transform.measures) for table in tables if len(table)]
        nothing = np.zeros((1, len(transform.measures)))
        described = np.concatenate(found) if found else nothing
    return Span(described.min(axis=0), described.max(axis=0))


def binned(mistakes: pd.DataFrame, transform: Transform, grid: Grid, over: Span) -> pd.DataFrame:
    """Return for each row of the `mistakes` table the bin, 0 to bins - 1, of each descriptor."""
    names = grid.names(transform)
    axes = [transform.measures.index(name) for name in names]
    low, width = over.low[axes], np.maximum(over.high[axes] - over.low[axes], 1e-12)
    share = (_measured(mistakes, names) - low) / width
    bins = np.clip((share * grid.bins).astype(np.int64), 0, grid.bins - 1)
    return pd.DataFrame(bins, columns=pd.Index(names))


def cells(mistakes: pd.DataFrame, transform: Transform, grid: Grid, over: Span) -> set[Cell]:
    """Return the cells that a run's mistakes fill."""
    if mistakes.empty:
        return set()
    rows = binned(mistakes, transform, grid, over).to_numpy()
    heads = mistakes[["label", "predicted"]].to_numpy()
    return {tuple(map(int, row)) for row in np.concatenate([heads, rows], axis=1)}


def _measured(mistakes: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return measures by name, shape (n, names)."""
    rows = [[row[name] for name in names] for row in mistakes["measures"]]
    return np.array(rows, np.float64).reshape(len(mistakes), len(names))


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
