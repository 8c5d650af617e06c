"""Mistakes sorted into cells: by label, by wrong class, and by how the image was changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform

if TYPE_CHECKING:
    import pandas as pd

Cell = tuple[int, ...]
"""Label, wrong class, and the bin of each descriptor."""


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


def span(transform: Transform, tables: Iterable["pd.DataFrame"]) -> Span:
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


def binned(mistakes: "pd.DataFrame", transform: Transform, grid: Grid, over: Span) -> "pd.DataFrame":
    """Return for each row of the `mistakes` table the bin, 0 to bins - 1, of each descriptor."""
    import pandas as pd

    names = grid.names(transform)
    axes = [transform.measures.index(name) for name in names]
    low, width = over.low[axes], np.maximum(over.high[axes] - over.low[axes], 1e-12)
    share = (_measured(mistakes, names) - low) / width
    bins = np.clip((share * grid.bins).astype(np.int64), 0, grid.bins - 1)
    return pd.DataFrame(bins, columns=pd.Index(names))


def cells(mistakes: "pd.DataFrame", transform: Transform, grid: Grid, over: Span) -> set[Cell]:
    """Return the cells that a run's mistakes fill."""
    if mistakes.empty:
        return set()
    rows = binned(mistakes, transform, grid, over).to_numpy()
    heads = mistakes[["label", "predicted"]].to_numpy()
    return {tuple(map(int, row)) for row in np.concatenate([heads, rows], axis=1)}


def _measured(mistakes: "pd.DataFrame", names: Sequence[str]) -> Floats:
    """Return measures by name, shape (n, names)."""
    return mistakes[[f"measures.{name}" for name in names]].to_numpy(np.float64)


def flattened(mistakes: pa.Table) -> "pd.DataFrame":
    """Return rows of the `mistakes` table with a column for each measure, ``measures.NAME``."""
    measured = mistakes.select(["measures"]).flatten()
    rows = mistakes.drop_columns(["measures"])
    for name in measured.column_names:
        rows = rows.append_column(name, measured[name])
    frame: pd.DataFrame = rows.to_pandas()
    return frame
