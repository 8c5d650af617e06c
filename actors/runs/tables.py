"""The Parquet files of a run, each written whole or not at all; and tables that are written unit by unit.

A unit is what a run records as one: a shard of searches, a chunk of a scan, a network of a sweep, ...
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.runs.files import reason, write_atomically
from outvoted.actors.runs.schema import ColumnSchema, TableSchema
from outvoted.search.errors import OutvotedError

MOST_BYTES = 1 << 33
"""Of a table in memory: 8 GiB."""
_BATCH = 1 << 16


def write(path: Path, rows: pa.Table) -> None:
    """Write a table; a reader sees all of it or nothing."""
    write_atomically(
        path,
        lambda partial: pq.write_table(rows, partial, compression="zstd", write_page_checksum=True),
    )


def read(path: Path, form: TableSchema, columns: list[str] | None = None) -> pa.Table:
    """Read a table, or only some ``columns`` of it.

    Raises:
        OutvotedError: it cannot be read, has other columns or types, or lacks values it must have.
    """
    try:
        _check_form(pq.read_schema(path), form.arrow, path.parent.name)
        rows = bounded(path, columns)
        _check_values(rows, form.needed)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _unreadable(path, error) from error
    return rows


def check_tables(folder: Path) -> None:
    """Make sure that every Parquet file of a run is whole.

    Raises:
        OutvotedError: one of them is damaged.
    """
    for path in sorted(folder.rglob("[!.]*.parquet")):
        try:
            bounded(path)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> OutvotedError:
    return OutvotedError(
        expected=f"a readable Parquet file at {path}",
        found=reason(error),
        remedy=f"delete each {path.name} in the run's folder and continue with --resume, which recreates it",
    )


def bounded(path: Path, columns: list[str] | None = None, most: int = MOST_BYTES) -> pa.Table:
    """Read a Parquet file of at most ``most`` bytes in memory, however small it is on disk.

    A file of a few bytes can hold a row a thousand million times. So one that could be too large is read in
    batches that can't be, until it is read or there is too much.

    Raises:
        ValueError: it is larger.
        ArrowException, OSError: it cannot be read.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        values, text = _sizes(file.metadata)
        if text * values + 8 * values <= most:
            return file.read(columns)
        batches, size = [], 0
        for batch in file.iter_batches(max(1, min(_BATCH, most // (text + 1))), columns=columns):
            size += batch.nbytes
            if size > most:
                raise ValueError(f"more than {most / 2**30:g} GiB in {file.metadata.num_rows:,} rows")
            batches.append(batch)
        return pa.Table.from_batches(batches, None if batches else file.schema_arrow)


def _sizes(metadata: Any) -> tuple[int, int]:
    """Return how many values a file holds, and the most bytes a value of text can take."""
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    chunks = [group.column(index) for group in groups for index in range(group.num_columns)]
    text = [chunk.total_uncompressed_size for chunk in chunks if chunk.physical_type == "BYTE_ARRAY"]
    return sum(chunk.num_values for chunk in chunks), max(text, default=0)


def _check_form(found: pa.Schema, form: pa.Schema, table: str) -> None:
    if found.names != form.names:
        raise ValueError(f"other columns than those of {table}: {', '.join(found.names)}")
    for name in form.names:
        if not _alike(found.field(name).type, form.field(name).type):
            types = found.field(name).type, form.field(name).type
            raise ValueError(f"column {name} of type {str(types[0])[:60]} instead of {str(types[1])[:60]}")


def _alike(found: Any, wanted: Any) -> bool:
    """Return whether types are the same; of a struct without fields, any struct of numbers is."""
    if pa.types.is_list(wanted):
        return pa.types.is_list(found) and _alike(found.value_type, wanted.value_type)
    if pa.types.is_struct(wanted) and wanted.num_fields == 0:
        return pa.types.is_struct(found) and all(pa.types.is_floating(field.type) for field in found)
    return bool(found == wanted)


def _check_values(rows: pa.Table, needed: Set[str]) -> None:
    """Hold columns that every row has a value in to it, down to the values within lists."""
    for name in needed & set(rows.column_names):
        if any(leaf.null_count for chunk in rows.column(name).chunks for leaf in _leaves(chunk)):
            raise ValueError(f"rows without a value in column {name}")


def _leaves(values: Any) -> Iterator[Any]:
    """Walk through an array, the values within its lists, and the fields of its structs but for paths."""
    yield values
    if pa.types.is_list(values.type):
        yield from _leaves(values.flatten())
    elif pa.types.is_struct(values.type):
        for field, inner in zip(values.type, values.flatten(), strict=True):
            if field.name != "path":
                yield from _leaves(inner)


def with_values(rows: pa.Table, columns: Sequence[ColumnSchema], *values: object) -> pa.Table:
    """Add columns behind those there are, each with one value in all rows; the schema's metadata stays."""
    for column, value in zip(columns, values, strict=True):
        field = pa.field(column.name, column.type)
        rows = rows.append_column(field, pa.array([value] * len(rows), column.type))
    return rows


class UnitTables:
    """Reads and writes ``FOLDER/TABLE/UNIT.parquet``: a file of each table for each unit.

    A unit is there once its file of the last table, the marker, is: the others are written before it, and
    readers only see rows of units that are there. So a unit whose writing was interrupted counts as never
    begun, and writing a unit again changes nothing.
    """

    def __init__(self, folder: Path, *forms: TableSchema, named: str = "") -> None:
        """Take the run's folder and its tables, in the order in which they are written.

        Args:
            folder: the run's.
            forms: the tables.
            named: what the names of all units begin with; other files are not ours.
        """
        self.forms = {form.name: form for form in forms}
        self._folder, self._marker, self._named = folder, forms[-1].name, named

    def has(self, unit: str) -> bool:
        """Return whether a unit is there."""
        return self.file(self._marker, unit).is_file()

    def done(self) -> list[str]:
        """Return the names of all units that are there, sorted."""
        return sorted(path.stem for path in (self._folder / self._marker).glob(f"{self._named}[!.]*.parquet"))

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
                write(self.file(name, unit), found)

    def read(self, table: str, unit: str, columns: list[str] | None = None) -> pa.Table:
        """Read a unit's rows of a table, or some columns of them.

        Raises:
            OutvotedError: the file is missing, or damaged, or another table's.
        """
        return read(self.file(table, unit), self.forms[table], columns)

    def read_all(
        self, table: str, units: Iterable[str] | None = None, columns: list[str] | None = None
    ) -> pa.Table:
        """Read the rows of all units that are there in the order of the table's key, each key once.

        Args:
            table: its name.
            units: only of these, in this order.
            columns: only these.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        form = self.forms[table]
        names = self.done() if units is None else [unit for unit in units if self.has(unit)]
        wanted = None if columns is None else list(dict.fromkeys([*columns, *form.key]))
        parts = [self.read(table, name, wanted) for name in names]
        if not parts:
            return form.arrow.empty_table().select(columns or form.arrow.names)
        rows = pa.concat_tables(parts)
        keys = rows.select(form.key).to_pandas().drop_duplicates()
        if units is None:
            keys = keys.sort_values(list(form.key), kind="stable")
        return rows.take(keys.index.to_numpy()).select(columns or rows.column_names)

    def parts(self, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Read the rows of all units that are there, one unit in memory at a time, each key once.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        key = list(self.forms[table].key)
        wanted = None if columns is None else list(dict.fromkeys([*columns, *key]))
        seen: set[tuple[object, ...]] = set()
        for unit in self.done():
            rows = self.read(table, unit, wanted)
            fresh = []
            for place, one in enumerate(zip(*(rows[name].to_pylist() for name in key), strict=True)):
                if one not in seen:
                    seen.add(one)
                    fresh.append(place)
            rows = rows if len(fresh) == len(rows) else rows.take(pa.array(fresh, pa.int64()))
            yield rows.select(columns or rows.column_names)

    def note(self, unit: str) -> dict[str, str]:
        """Return what the marker's file holds beside its rows; nothing where there is no whole file."""
        try:
            found = pq.read_schema(self.file(self._marker, unit)).metadata or {}
            return {name.decode(): value.decode() for name, value in found.items()}
        except (OSError, pa.ArrowException, ValueError):
            return {}

    def remove(self, unit: str) -> None:
        """Forget a unit, its marker first."""
        for name in reversed(self.forms):
            self.file(name, unit).unlink(missing_ok=True)

    def file(self, table: str, unit: str) -> Path:
        """Return the file of a unit's rows of a table."""
        return self._folder / table / f"{unit}.parquet"
