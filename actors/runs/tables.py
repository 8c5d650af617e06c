"""The Parquet files of a run: written whole or not at all; read within limits, whoever wrote them."""

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.runs.files import reason, write_atomically
from outvoted.actors.runs.schema import ColumnSchema, TableSchema
from outvoted.search.arrays import Bools
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


def form_of(path: Path) -> pa.Schema:
    """Return the columns of a file and their types.

    Raises:
        OutvotedError: it cannot be read.
    """
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error) from error


def read(path: Path, form: TableSchema, columns: list[str] | None = None) -> pa.Table:
    """Read a table, or only some ``columns`` of it.

    Raises:
        OutvotedError: it cannot be read, has other columns or types, or lacks values it must have.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _check_form(file.schema_arrow, form.arrow, path.parent.name)
            rows = _bounded(file, columns, MOST_BYTES)
        _check_values(rows, form.needed)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error) from error
    return rows


def batches(
    path: Path, form: TableSchema, columns: list[str] | None = None, wanted: Bools | None = None
) -> Iterator[pa.Table]:
    """Read a table part by part, at least one, without having all of it in memory.

    Args:
        path: the file.
        form: the table's.
        columns: only these.
        wanted: shape (rows,), only the rows of which this is true; what need not be read for them is not.

    Raises:
        OutvotedError: it cannot be read, has other columns or types, or lacks values it must have.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _check_form(file.schema_arrow, form.arrow, path.parent.name)
            if wanted is not None and len(wanted) != file.metadata.num_rows:
                raise ValueError(f"{file.metadata.num_rows:,} rows instead of {len(wanted):,}")
            for rows in _wanted(file, columns, wanted):
                _check_values(rows, form.needed)
                yield rows.replace_schema_metadata(form.arrow.metadata)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error) from error


def _wanted(file: pq.ParquetFile, columns: list[str] | None, wanted: Bools | None) -> Iterator[pa.Table]:
    first, none = 0, True
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        some = None if wanted is None else wanted[first : first + count]
        first += count
        if some is not None and not some.any():
            continue
        for rows in _parts(file, columns, MOST_BYTES, [group]):
            none = False
            if some is None:
                yield rows
            else:
                here, some = some[: len(rows)], some[len(rows) :]
                yield rows if here.all() else rows.filter(pa.array(here))
    if none:
        empty = file.schema_arrow.empty_table()
        yield empty if columns is None else empty.select(columns)


def check_tables(folder: Path) -> None:
    """Make sure that every Parquet file of a run is whole; no more of one than a part is in memory.

    Raises:
        OutvotedError: one of them is damaged.
    """
    for path in sorted(folder.rglob("[!.]*.parquet")):
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                for _ in _parts(file, None, MOST_BYTES):
                    pass
        except (OSError, pa.ArrowException, ValueError) as error:
            raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> OutvotedError:
    """Say why a file cannot be read, and what to do."""
    return OutvotedError(
        expected=f"a readable Parquet file at {path}",
        found=reason(error),
        remedy=f"delete each {path.name} in the run's folder and continue with --resume, which recreates it",
    )


def bounded(path: Path, columns: list[str] | None = None, most: int = MOST_BYTES) -> pa.Table:
    """Read a Parquet file of at most ``most`` bytes in memory, however small it is on disk.

    Raises:
        ValueError: it is larger.
        ArrowException, OSError: it cannot be read.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return _bounded(file, columns, most)


def _bounded(file: pq.ParquetFile, columns: list[str] | None, most: int) -> pa.Table:
    values, text = _sizes(file.metadata, columns, range(file.num_row_groups))
    if text * values + 8 * values <= most:
        return file.read(columns)
    parts = list(_parts(file, columns, most))
    empty = file.schema_arrow.empty_table()
    return pa.concat_tables(parts) if parts else empty if columns is None else empty.select(columns)


def _parts(
    file: pq.ParquetFile, columns: list[str] | None, most: int, groups: list[int] | None = None
) -> Iterator[pa.Table]:
    """Read a file in parts, of which none can be larger than ``most`` bytes, until it is read or all are.

    A file of a few bytes can hold a row a thousand million times.
    """
    _, text = _sizes(file.metadata, columns, range(file.num_row_groups) if groups is None else groups)
    each, size = max(1, min(_BATCH, most // (text + 1))), 0
    for batch in file.iter_batches(each, row_groups=groups, columns=columns):
        size += batch.nbytes
        if size > most:
            raise ValueError(f"more than {most / 2**30:g} GiB in {file.metadata.num_rows:,} rows")
        yield pa.Table.from_batches([batch])


def _sizes(metadata: pq.FileMetaData, columns: list[str] | None, groups: Sequence[int]) -> tuple[int, int]:
    """Return how many values some groups have in some columns, and the most bytes that one of text takes."""
    if not groups:
        return 0, 0
    first = metadata.row_group(groups[0])
    paths = [first.column(index).path_in_schema.partition(".")[0] for index in range(first.num_columns)]
    read = [place for place, path in enumerate(paths) if columns is None or path in columns]
    every = (metadata.row_group(group) for group in groups)
    chunks = [group.column(place) for group in every for place in read]
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
