"""The mistakes of a run or of a panel in hand: columns of all rows, whole rows where they are looked at."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.runs.units import UnitTables
from outvoted.search.arrays import AnyArray, Ints

_KEY = ["search_id", "number"]
_TABLE = "mistakes"


class Mistakes(ABC):
    """Rows of the table `mistakes` in the order of their searches; all images may not fit in memory."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many there are."""

    @abstractmethod
    def select(self, *columns: str) -> pa.Table:
        """Return some columns of all rows."""

    @abstractmethod
    def take(self, places: Ints) -> list[dict[str, Any]]:
        """Return some rows whole, as dictionaries, in the order of ``places``."""

    @abstractmethod
    def parts(self, *columns: str) -> Iterator[pa.Table]:
        """Read some columns, or all if none is named, of all rows part by part, in any order."""

    @abstractmethod
    def each(self, columns: list[str], of: Callable[[pa.Table], AnyArray]) -> AnyArray:
        """Return what a function makes of each row, shape (mistakes, ...), given some rows at a time."""


class HeldMistakes(Mistakes):
    """Mistakes that are in memory."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return int(self._rows.num_rows)

    def select(self, *columns: str) -> pa.Table:
        """Return some columns."""
        return self._rows.select(list(columns))

    def take(self, places: Ints) -> list[dict[str, Any]]:
        """Return some rows."""
        rows: list[dict[str, Any]] = self._rows.take(pa.array(places, pa.int64())).to_pylist()
        return rows

    def parts(self, *columns: str) -> Iterator[pa.Table]:
        """Give all rows at once."""
        yield self.select(*(columns or self._rows.column_names))

    def each(self, columns: list[str], of: Callable[[pa.Table], AnyArray]) -> AnyArray:
        """Apply the function to all rows at once."""
        return of(self.select(*columns))


class StoredMistakes(Mistakes):
    """Mistakes in a run's folder: those that are there when first asked for, though more are mined."""

    def __init__(self, units: UnitTables) -> None:
        self._units = units

    @cached_property
    def _keys(self) -> pa.Table:
        return self._units.read_all(_TABLE, columns=_KEY)

    def __len__(self) -> int:
        return int(self._keys.num_rows)

    def select(self, *columns: str) -> pa.Table:
        """Read some columns."""
        wanted = list(dict.fromkeys([*columns, *_KEY]))
        return self._known(self._units.read_all(_TABLE, columns=wanted)).select(list(columns))

    def take(self, places: Ints) -> list[dict[str, Any]]:
        """Read some rows; what is not near them in the files is not read."""
        keys = self._keys.take(pa.array(places, pa.int64()))
        rows: list[dict[str, Any]] = self._units.find(_TABLE, keys).to_pylist()
        return rows

    def parts(self, *columns: str) -> Iterator[pa.Table]:
        """Read a small part at a time."""
        yield from self._units.parts(_TABLE, list(columns) or None)

    def each(self, columns: list[str], of: Callable[[pa.Table], AnyArray]) -> AnyArray:
        """Apply the function to a small part at a time."""
        keys, found = [self._keys.slice(0, 0)], list[AnyArray]()
        for rows in self._units.parts(_TABLE, list(dict.fromkeys([*columns, *_KEY]))):
            if len(rows):
                keys.append(rows.select(_KEY))
                found.append(of(rows))
        joined = pa.concat_tables(keys)
        order = np.lexsort([joined[name].to_numpy() for name in reversed(_KEY)])
        place = pa.array(order)
        known = self._known(joined.take(place).append_column("place", place))
        return np.concatenate(found)[known["place"].to_numpy()] if found else np.empty(0)

    def _known(self, rows: pa.Table) -> pa.Table:
        """Return rows, sorted by their keys, without those that were recorded meanwhile."""
        if len(rows) == len(self):
            return rows
        every, known = ([one[name].to_pylist() for name in _KEY] for one in (rows, self._keys))
        there = set(zip(*known, strict=True))
        return rows.filter(pa.array([key in there for key in zip(*every, strict=True)], pa.bool_()))
