"""Tables that are written unit by unit: a shard of searches, a chunk of a scan, a network of a sweep, …"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.runs import tables
from outvoted.actors.runs.schema import TableSchema


class UnitTables:
    """Reads and writes ``FOLDER/TABLE/UNIT.parquet``: a file of each table for each unit.

    A unit is there once its file of the last table, the marker, is: the others are written before it, and
    readers only see rows of units that are there. So a unit whose writing was cut off is one that was never
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
        """Tell whether a unit is there."""
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
                tables.write(self.file(name, unit), found)

    def read(self, table: str, unit: str, columns: list[str] | None = None) -> pa.Table:
        """Read a unit's rows of a table, or some columns of them.

        Raises:
            OutvotedError: the file is missing, or damaged, or another table's.
        """
        return tables.read(self.file(table, unit), self.forms[table], columns)

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

    def frame(self, table: str) -> pd.DataFrame:
        """Read a table of all units that are there into pandas, unit by unit.

        Raises:
            OutvotedError: a file of a unit that is there is missing, or damaged, or another table's.
        """
        return pd.DataFrame(self.read_all(table, self.done()).to_pandas())

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
