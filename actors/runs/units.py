"""Tables that a run writes unit by unit: each unit is there whole, once, or not at all.

A unit is what a run records as one: a shard of searches, a chunk of a scan, a network of a sweep, ...
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from outvoted.actors.runs import tables
from outvoted.actors.runs.packs import PackedRows, is_pack, manifest, pack_name, write_pack
from outvoted.actors.runs.places import UnitPlaces, vanished
from outvoted.actors.runs.schema import TableSchema
from outvoted.search.arrays import Bools
from outvoted.search.errors import OutvotedError


class UnitTables:
    """Reads and writes ``FOLDER/TABLE/UNIT.parquet``: a file of each table for each unit.

    A unit is there once its file of the last table, the marker, is: the others are written before it, and
    readers only see rows of units that are there. So a unit whose writing was interrupted counts as never
    begun, and writing a unit again changes nothing.

    Files of many units can be joined into a *pack*. They are removed once it is there in all tables; until
    then a unit is in two places, of which readers take one: see :class:`UnitPlaces`.
    """

    def __init__(self, folder: Path, *forms: TableSchema, named: str = "") -> None:
        """Take the run's folder and its tables, in the order in which they are written.

        Args:
            folder: the run's.
            forms: the tables.
            named: what the names of all units begin with; other files are not ours.
        """
        self.forms = {form.name: form for form in forms}
        self.places = UnitPlaces(folder, tuple(self.forms), named)
        self._marker, self._folder = forms[-1].name, folder

    def has(self, unit: str) -> bool:
        """Return whether a unit is there."""
        return self.file(self._marker, unit).is_file() or unit in self.places.packed()

    def done(self) -> list[str]:
        """Return the names of all units that are there, sorted."""
        return sorted(self.places.where())

    def write(self, unit: str, rows: Mapping[str, pa.Table], note: Mapping[str, str] | None = None) -> None:
        """Write a unit.

        Args:
            unit: its name, that of its files.
            rows: by table. One that is left out is not written; without the marker the unit is not there yet.
            note: kept in the marker's file beside its rows.

        Raises:
            OutvotedError: the disk is full, read-only, or otherwise refuses; the unit is not there then.
        """
        for name in self.forms:
            if name in rows:
                found = rows[name]
                if note is not None and name == self._marker:
                    found = found.replace_schema_metadata({**(found.schema.metadata or {}), **note})
                tables.write(self.file(name, unit), found)

    def read(self, table: str, unit: str, columns: list[str] | None = None) -> pa.Table:
        """Read a unit's rows of a table, or some columns of them.

        Raises:
            OutvotedError: the file is missing, or damaged, or another table's.
        """
        place, before = None, None
        while True:
            own = self.file(table, unit).is_file()
            place, before = unit if own else self.places.packed().get(unit, unit), place
            try:
                if place == unit:
                    return tables.read(self.file(table, unit), self.forms[table], columns)
                return pa.concat_tables(self._batches(table, place, {unit}, columns))
            except OutvotedError as error:
                if place == before or not vanished(error):
                    raise

    def read_all(
        self, table: str, units: Iterable[str] | None = None, columns: list[str] | None = None
    ) -> pa.Table:
        """Read the rows of all units that are there in the order of the table's key, each key once.

        Args:
            table: its name.
            units: only of these, in this order.
            columns: only these.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's; or all
                rows take more than 8 GiB.
        """
        form, wanted = self.forms[table], self._with_key(table, columns)
        if units is None:
            parts = list(self._within_bounds(table, self._rows(table, wanted)))
        else:
            parts = [self.read(table, unit, wanted) for unit in units if self.has(unit)]
        if not parts:
            return form.arrow.empty_table().select(columns or form.arrow.names)
        rows = pa.concat_tables(parts)
        keys = rows.select(form.key).to_pandas().drop_duplicates()
        if units is None:
            keys = keys.sort_values(list(form.key), kind="stable")
        places = keys.index.to_numpy()
        if not np.array_equal(places, np.arange(len(rows))):
            rows = rows.take(places)
        return rows.select(columns or rows.column_names)

    def rows(self, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Read the rows of all units that are there, a small part of them at a time.

        A key may be there twice, where units overlap; :meth:`parts` leaves such rows out.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        yield from self._rows(table, columns)

    def pieces(self, table: str, columns: list[str] | None = None) -> Iterator[PackedRows]:
        """Read the rows of all units that are there unit by unit; of large ones, a small part at a time.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        for place, units in self.places.grouped():
            yield from self._pieces(table, place, units, columns)

    def parts(self, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Read the rows of all units that are there, each key once, a small part of them at a time.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        key, seen = list(self.forms[table].key), set[tuple[object, ...]]()
        repeated = self._repeated(table)
        for rows in self._rows(table, self._with_key(table, columns)):
            if repeated:
                rows = rows.take(_fresh(rows.select(key), repeated, seen))
            yield rows.select(columns or rows.column_names)

    def find(self, table: str, keys: pa.Table, columns: list[str] | None = None) -> pa.Table:
        """Read the rows of some keys, in their order; only what is near them is read.

        Args:
            table: its name.
            keys: the table's key columns; a row for each that is wanted.
            columns: only these.

        Raises:
            OutvotedError: a file is damaged, or a key is not there.
        """
        wanted, form = _tuples(keys), self.forms[table]
        found, places = list[pa.Table](), dict[tuple[object, ...], int]()
        for rows in self._rows(table, self._with_key(table, columns), keys):
            for row in _tuples(rows.select(form.key)):
                places.setdefault(row, len(places))
            found.append(rows)
        if set(wanted) - places.keys():
            raise OutvotedError(
                expected=f"the rows that were there in {self._folder / table} a moment ago",
                found="some of them are gone",
                remedy="try again; if it stays so, continue the run with --resume",
            )
        rows = pa.concat_tables(found) if found else form.arrow.empty_table()
        order = pa.array([places[row] for row in wanted], pa.int64())
        return rows.take(order).select(columns or rows.column_names)

    def files(self, table: str) -> Iterator[tuple[Path, Bools | None]]:
        """Return the files that hold the rows of all units that are there, in the order of their first units.

        Beside each stands which of its rows are meant, shape (rows,), or None for all; other processes may
        remove it at any time. A key may be there repeatedly, where units overlap: the first one counts.

        Raises:
            OutvotedError: a pack is damaged, or is gone.
        """
        for place, units in self.places.grouped():
            path = self.file(table, place)
            sizes = self._sizes(path) if is_pack(place) else {}
            whole = not is_pack(place) or sizes.keys() == units
            yield path, None if whole else _rows_of(sizes, units, path)

    def note(self, unit: str) -> dict[str, str]:
        """Return what the marker's file holds beside its rows; nothing where there is no whole file."""
        path = self.file(self._marker, unit)
        try:
            if not path.is_file() and (pack := self.places.packed().get(unit)):
                return dict(self.places.manifest(pack).notes.get(unit, {}))
            found = pq.read_schema(path).metadata or {}
            return {name.decode(): value.decode() for name, value in found.items()}
        except (OSError, pa.ArrowException, ValueError):
            return {}

    def remove(self, *units: str) -> None:
        """Forget units, their marker first."""
        for unit in units:
            self.places.drop(unit)
        gone = set(units)
        for pack in self.places.packs(self._marker):
            held = self.places.manifest(pack).units.keys()
            if held & gone:
                if held - gone:
                    self.pack(held - gone)
                self.places.drop(pack)

    def file(self, table: str, unit: str) -> Path:
        """Return the file of a unit's rows of a table, as long as it is in no pack."""
        return self.places.file(table, unit)

    def pack(self, units: Set[str]) -> str:
        """Join units that are there into a pack, and return its name; they are not removed elsewhere.

        Raises:
            OutvotedError: the disk refuses; a file is damaged; or another process has removed it meanwhile.
            ValueError: the units' rows are not of one form.
        """
        places, name = self.places.grouped(units), pack_name(units)
        for table, form in self.forms.items():
            pieces = (piece for place, some in places for piece in self._pieces(table, place, some, None))
            write_pack(self.file(table, name), pieces, form.arrow.metadata)
        return name

    def _rows(
        self, table: str, columns: list[str] | None, keys: pa.Table | None = None
    ) -> Iterator[pa.Table]:
        """Read the rows of all units part by part, or those of some keys; a key may be there repeatedly.

        Another process may join files meanwhile: what has vanished is looked for again.
        """
        given, missed = set[str](), None
        while True:
            places = [(place, units - given) for place, units in self.places.grouped() if units - given]
            for place, units in places:
                try:
                    yield from self._batches(table, place, units, columns, keys)
                except OutvotedError as error:
                    if (place, units) == missed or not vanished(error):
                        raise
                    missed = place, units
                    break
                given |= units
            else:
                return

    def _batches(
        self, table: str, place: str, units: Set[str], columns: list[str] | None, keys: pa.Table | None = None
    ) -> Iterator[pa.Table]:
        """Read the rows of some units from the file that holds them."""
        path, form = self.file(table, place), self.forms[table]
        wanted = _rows_of(self._sizes(path), units, path) if is_pack(place) else None
        if keys is not None:
            some = set(_tuples(keys))
            matching = np.concatenate(
                [_matching(part, keys, some) for part in tables.batches(path, form, list(form.key))]
            )
            wanted = matching if wanted is None else wanted & matching
        yield from tables.batches(path, form, columns, wanted)

    def _sizes(self, path: Path) -> Mapping[str, int]:
        try:
            return manifest(path).units
        except (OSError, pa.ArrowException, ValueError) as error:
            raise tables.unreadable(path, error) from error

    def _pieces(
        self, table: str, place: str, units: Set[str], columns: list[str] | None
    ) -> Iterator[PackedRows]:
        """Read the rows of some units from the file that holds them, unit by unit."""
        marks = table == self._marker
        if not is_pack(place):
            rows = tables.read(self.file(table, place), self.forms[table], columns)
            yield PackedRows(place, rows, self._own_note(place) if marks else {})
            return
        sizes = {unit: rows for unit, rows in self._sizes(self.file(table, place)).items() if unit in units}
        notes = self.places.manifest(place).notes if marks else {}
        left = iter(sizes.items())
        unit, missing = next(left, ("", 1))
        for rows in self._batches(table, place, units, columns):
            while len(rows) >= missing:
                yield PackedRows(unit, rows.slice(0, missing), notes.get(unit, {}))
                rows = rows.slice(missing)
                unit, missing = next(left, ("", len(rows) + 1))
            if len(rows):
                yield PackedRows(unit, rows, notes.get(unit, {}))
                missing -= len(rows)

    def _own_note(self, unit: str) -> dict[str, str]:
        usual = {name.decode() for name in self.forms[self._marker].arrow.metadata}
        return {name: text for name, text in self.note(unit).items() if name not in usual}

    def _with_key(self, table: str, columns: list[str] | None) -> list[str] | None:
        return None if columns is None else list(dict.fromkeys([*columns, *self.forms[table].key]))

    def _repeated(self, table: str) -> set[tuple[object, ...]]:
        """Return the keys that are there more than once."""
        key = list(self.forms[table].key)
        rows = self.forms[table].arrow.empty_table().select(key)
        rows = pa.concat_tables([rows, *self._rows(table, key)])
        again = rows.to_pandas().duplicated().to_numpy()
        return set(_tuples(rows.filter(pa.array(again)))) if again.any() else set()

    def _within_bounds(self, table: str, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
        size = 0
        for part in parts:
            size += part.nbytes
            if size > tables.MOST_BYTES:
                path = self._folder / table
                raise OutvotedError(
                    expected=f"a table of at most {tables.MOST_BYTES / 2**30:g} GiB in {path}",
                    found="a larger one",
                    remedy="read its Parquet files part by part, with pyarrow.dataset, DuckDB or Polars",
                )
            yield part


def _rows_of(sizes: Mapping[str, int], units: Set[str], path: Path) -> Bools:
    """Return which rows of a pack are those of some units."""
    missing = sorted(units - sizes.keys())
    if missing:
        raise tables.unreadable(path, ValueError(f"no rows of {missing[0]}, which its marker holds"))
    chosen = np.array([unit in units for unit in sizes], bool)
    return np.repeat(chosen, np.array(list(sizes.values()), np.int64))


def _tuples(keys: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(column.to_pylist() for column in keys.columns), strict=True))


def _fresh(keys: pa.Table, repeated: Set[tuple[object, ...]], seen: set[tuple[object, ...]]) -> pa.Array:
    """Return the places of rows whose keys were not seen yet, of those that are there repeatedly."""
    fresh = list[int]()
    for place, key in enumerate(_tuples(keys)):
        if key not in seen:
            fresh.append(place)
        if key in repeated:
            seen.add(key)
    return pa.array(fresh, pa.int64())


def _matching(rows: pa.Table, keys: pa.Table, wanted: Set[tuple[object, ...]]) -> Bools:
    """Return which rows have one of some keys."""
    first = keys.column_names[0]
    near = pc.is_in(rows[first], value_set=pc.unique(keys[first])).to_numpy()
    found, places = np.array(near, bool), np.flatnonzero(near)
    found[places] = [key in wanted for key in _tuples(rows.take(places))]
    return found
