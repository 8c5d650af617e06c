"""Units that a process has written into a run's folder, hidden until the run's recorder enters them.

So the rows of many processes are encoded and written where they arise, and one process alone decides what is
part of the run: entering is renaming. What nobody enters is nobody's, and is removed at the run's end.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from outvoted.actors.runs import tables
from outvoted.actors.runs.files import enter, remove
from outvoted.actors.runs.units import UnitTables
from outvoted.search.errors import OutvotedError

_HIDDEN = ".staged"


class Staging:
    """Hidden files ``FOLDER/TABLE/.UNIT.MARK.staged`` beside the tables of a run.

    A mark tells the files of a unit apart that several processes have written.
    """

    def __init__(self, units: UnitTables) -> None:
        """Take the tables that units are to be part of."""
        self._units = units

    def write(self, unit: str, mark: str, rows: Mapping[str, pa.Table]) -> None:
        """Write a unit's rows, by table; nothing is left of a unit that could not be written.

        Raises:
            OutvotedError: the disk is full, read-only, or otherwise refuses; or the run is another's now.
        """
        try:
            for table in self._units.forms:
                tables.write(self._file(table, unit, mark), rows[table])
        except OutvotedError:
            with suppress(OutvotedError):
                self.drop(unit, mark)
            raise

    def read(self, table: str, unit: str, mark: str) -> pa.Table:
        """Read a unit's rows of a table, hidden or entered.

        Raises:
            OutvotedError: they are neither, or damaged.
        """
        hidden = self._file(table, unit, mark)
        if hidden.is_file():
            return tables.read(hidden, self._units.forms[table])
        return self._units.read(table, unit)

    def enter(self, unit: str, mark: str) -> None:
        """Make a unit part of the run, its marker last; doing it again changes nothing.

        Raises:
            OutvotedError: the system refuses, the run is another's now, or the files are gone.
        """
        for table in self._units.forms:
            enter(self._file(table, unit, mark), self._units.file(table, unit))

    def drop(self, unit: str, mark: str) -> None:
        """Remove a unit's files, if they are there."""
        for table in self._units.forms:
            remove(self._file(table, unit, mark))

    def clear(self) -> None:
        """Remove what no one has entered, as far as the system lets."""
        for table in self._units.forms:
            for hidden in self._units.file(table, "").parent.glob(f".*{_HIDDEN}*"):
                with suppress(OutvotedError):
                    remove(hidden)

    def _file(self, table: str, unit: str, mark: str) -> Path:
        return self._units.file(table, unit).with_name(f".{unit}.{mark}{_HIDDEN}")
