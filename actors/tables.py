"""Parquet tables of a run, one file for each unit of work."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.files import write_atomically
from outvoted.search.errors import OutvotedError


def write(path: Path, rows: pa.Table) -> None:
    """Write a table; a reader sees all of it or nothing."""
    write_atomically(
        path,
        lambda partial: pq.write_table(rows, partial, compression="zstd", write_page_checksum=True),
    )


def read(path: Path, names: list[str], columns: list[str] | None = None) -> pa.Table:
    """Read a table that has the columns ``names``, or only some ``columns`` of it.

    Raises:
        OutvotedError: it cannot be read, or has other columns.
    """
    try:
        found = pq.read_schema(path).names
        if found != names:
            raise ValueError(f"other columns than those of {path.parent.name}: {', '.join(found)}")
        return pq.read_table(path, columns=columns, partitioning=None, page_checksum_verification=True)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise OutvotedError(
            expected=f"a readable Parquet file at {path}",
            found=str(error).splitlines()[0],
            remedy="delete the file and go on with --resume: its part of the run is done again",
        ) from error


def led_by(rows: pa.Table, *columns: tuple[str, object, pa.DataType]) -> pa.Table:
    """Put columns in front, each (name, the one value of all rows, type); the schema's metadata stays."""
    for place, (name, value, kind) in enumerate(columns):
        rows = rows.add_column(place, pa.field(name, kind), pa.array([value] * len(rows), kind))
    return rows
