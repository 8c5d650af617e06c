"""Tables beside a run's units: what only the making knows, and a report draws."""

from pathlib import Path

import pyarrow as pa

from outvoted.actors.runs import tables
from outvoted.actors.runs.schema import ColumnSchema, TableSchema


def file_of(run: Path, name: str) -> Path:
    """Return the file of such a table within a run's folder."""
    return run / "extra" / f"{name}.parquet"


def read(run: Path, name: str, form: pa.Schema) -> pa.Table | None:
    """Read one; None where the run has not made it.

    Raises:
        OutvotedError: it cannot be read, or has another form.
    """
    file = file_of(run, name)
    columns = tuple(ColumnSchema(field.name, field.type) for field in form)
    return tables.read(file, TableSchema(name, "", (), columns)) if file.is_file() else None


def write(run: Path, name: str, rows: pa.Table) -> None:
    """Write one, all or nothing.

    Raises:
        OutvotedError: the disk refuses.
    """
    tables.write(file_of(run, name), rows)
