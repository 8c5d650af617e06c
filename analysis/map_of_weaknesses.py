"""The map of weaknesses: which label is taken for which, under which changes."""

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform

Cell = tuple[int, ...]
"""Label, wrong class, and the bin of each descriptor."""


class Grid(Settings):
    """How mistakes are sorted into cells."""

    descriptors: tuple[str, ...] = ()
    """Which measures of the transform; the first three if left out."""
    bins: Annotated[int, Field(ge=1, le=64)] = 4
    """Bins of each descriptor, over the realism budget."""

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


def binned(mistakes: pd.DataFrame, transform: Transform, grid: Grid) -> pd.DataFrame:
    """Return for each row of the `mistakes` table the bin, 0 to bins - 1, of each descriptor."""
    low, high = _ends(transform)
    columns = {}
    for name in grid.names(transform):
        axis = transform.measures.index(name)
        values = np.array([row[name] for row in mistakes["measures"]], np.float64)
        share = (values - low[axis]) / max(high[axis] - low[axis], 1e-12)
        columns[name] = np.clip((share * grid.bins).astype(np.int64), 0, grid.bins - 1)
    return pd.DataFrame(columns)


def cells(mistakes: pd.DataFrame, transform: Transform, grid: Grid) -> set[Cell]:
    """Return the cells that a run's mistakes fill."""
    if mistakes.empty:
        return set()
    rows = binned(mistakes, transform, grid).to_numpy()
    heads = mistakes[["label", "predicted"]].to_numpy()
    return {tuple(map(int, row)) for row in np.concatenate([heads, rows], axis=1)}


def _ends(transform: Transform) -> tuple[Floats, Floats]:
    """Return the least and the largest value of each measure at the corners of the realism budget."""
    ends = np.stack([np.zeros(transform.knobs), np.ones(transform.knobs)])
    placed = transform.compose(transform.identity(2), transform.place(ends))
    described = np.sort(transform.describe(placed), axis=0)
    return described[0], described[1]
