"""DuckDB, locked in: it reads the files of one run, writes nothing, fetches nothing, and stops when told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    import duckdb  # where it is used alone: its binding complains when the interpreter ends

Answer = TypeVar("Answer")

MOST_SECONDS = 20.0
"""Of a query."""
_MEMORY, _THREADS = "1GB", 2
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "threads": _THREADS,
    "memory_limit": _MEMORY,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
    "temp_directory": "",
}


@dataclass(frozen=True)
class Query:
    """A part of a query: its text, in which nothing is that users or files say, and the values of its `?`."""

    sql: str
    values: tuple[Any, ...] = ()

    def __add__(self, other: "Query") -> "Query":
        return Query(f"{self.sql} {other.sql}", self.values + other.values)

    @staticmethod
    def joined(between: str, parts: "Sequence[Query]") -> "Query":
        """Put parts behind one another."""
        values = tuple(value for part in parts for value in part.values)
        return Query(between.join(part.sql for part in parts), values)


class TooSlowError(OutvotedError):
    """A query that took too long, or too much memory."""


@dataclass
class Engine:
    """Answers queries on files below a folder; several threads may ask at once.

    Attributes:
        folder: the run's.
    """

    folder: Path
    _lock: Lock = field(default_factory=Lock)
    _open: "duckdb.DuckDBPyConnection | None" = None

    def rows(self, query: Query, seconds: float = MOST_SECONDS) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            TooSlowError: it took longer than ``seconds``, or more memory than there is for it.
            duckdb.Error: a file cannot be read, or is gone.
        """
        return self._asked(query, seconds, lambda found: list(found.fetchall()))

    def numbers(self, query: Query, seconds: float = MOST_SECONDS) -> Ints:
        """Return what a query finds, one whole number for each row, shape (rows,).

        Raises:
            TooSlowError: it took longer than ``seconds``, or more memory than there is for it.
            duckdb.Error: a file cannot be read, or is gone.
        """
        return self._asked(query, seconds, lambda found: np.asarray(next(iter(found.fetchnumpy().values()))))

    def _asked(
        self, query: Query, seconds: float, take: "Callable[[duckdb.DuckDBPyConnection], Answer]"
    ) -> Answer:
        import duckdb

        with self._cursor() as cursor:
            stop = Timer(seconds, cursor.interrupt)
            stop.daemon = True
            stop.start()
            try:
                return take(cursor.execute(query.sql, list(query.values)))
            except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
                raise TooSlowError(
                    expected=f"an answer within {seconds:g} seconds and {_MEMORY} of memory",
                    found="more than that to look through",
                    remedy="narrow it down: fewer values, or ranges that fewer mistakes lie in",
                ) from error
            finally:
                stop.cancel()
                stop.join()

    def close(self) -> None:
        """Forget what was read."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None

    def _cursor(self) -> "duckdb.DuckDBPyConnection":
        with self._lock:
            if self._open is None:
                self._open = _opened(self.folder.resolve())
            return self._open.cursor()


def _opened(folder: Path) -> "duckdb.DuckDBPyConnection":
    """Open a database in memory that can read below a folder, and change nothing about that any more."""
    import duckdb

    opened = duckdb.connect(":memory:", config=_CLOSED)
    quoted = str(folder).replace("'", "''")
    opened.execute(f"SET allowed_directories = ['{quoted}']")
    opened.execute("SET parquet_metadata_cache = true")
    opened.execute("SET enable_external_access = false")
    opened.execute("SET lock_configuration = true")
    return opened
