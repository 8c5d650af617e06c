"""A run that others may be writing, looked at again and again: what is there now, and what is known of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from outvoted.actors.runs import tables
from outvoted.actors.runs.places import vanished
from outvoted.analysis.browsing.engine import Engine
from outvoted.analysis.browsing.finding import Finder, Memory
from outvoted.analysis.browsing.snapshot import Checked, Snapshot
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    import duckdb

Answer = TypeVar("Answer")

_TRIES = 8
_ANSWERS, _PAGES = 32, 64  # that are kept


class Looking:
    """Answers questions about what is there, whatever others write or join meanwhile."""

    def __init__(
        self,
        folder: Path,
        sources: Callable[[], Sequence[MistakeTable]],
        pause: Callable[[float], float],
        turn: Callable[[], AbstractContextManager[object]],
    ) -> None:
        """Take the run's folder, what names its tables, and when files are looked for again.

        Args:
            folder: the run's.
            sources: names the tables.
            pause: how many seconds later, by how many it took.
            turn: waits until it is somebody's turn; an answer is made within its block.
        """
        self._engine, self._sources = Engine(folder), sources
        self._pause, self._turn = pause, turn
        self._checked = Checked()
        self._known = dict[tuple[str, str], MistakeTable]()
        self._now: tuple[Snapshot, Memory, Memory] | None = None
        self._due = 0.0
        self._lock = RLock()

    def asked(self, answer: Callable[[Finder], Answer]) -> Answer:
        """Return an answer about what is there; files that vanish meanwhile are looked for again.

        Raises:
            OutvotedError: a file is damaged, or ``answer`` raises it, or waiting for one's turn does.
        """
        with self._turn():
            return self._answered(answer)

    def _answered(self, answer: Callable[[Finder], Answer]) -> Answer:
        import duckdb

        for attempt in range(_TRIES):
            try:
                return answer(Finder(self._engine, self._checked, *self._looked(anew=attempt > 0)))
            except duckdb.Error as error:
                self._blame(error)
            except OutvotedError as error:
                if not vanished(error) or attempt == _TRIES - 1:
                    raise
        raise OutvotedError(
            expected="files of the run's mistakes that stay for a moment",
            found="one that is gone whenever it is read",
            remedy="try again; if it stays so, continue the run with --resume",
        )

    def measures(self) -> tuple[str, ...]:
        """Return the names of what the run's transforms are described by."""
        with self._lock:
            every = [name for names in self._checked.measures.values() for name in names]
        return tuple(dict.fromkeys(every))

    def close(self) -> None:
        """Forget all that was read."""
        self._engine.close()

    def _looked(self, anew: bool) -> tuple[Snapshot, Memory, Memory]:
        with self._lock:
            began = time.monotonic()
            if self._now is None or anew or began >= self._due:
                found = self._checked.snapshot(self._tables())
                if self._now is None or not found.same(self._now[0]):
                    self._now = found, Memory(_ANSWERS), Memory(_PAGES)
                now = time.monotonic()
                self._due = now + self._pause(now - began)
            return self._now

    def _tables(self) -> list[MistakeTable]:
        """Return the tables, each as it was known before: it remembers what is in packs."""
        there = [self._known.setdefault((one.table, one.part), one) for one in self._sources()]
        self._known = {(one.table, one.part): one for one in there}
        return there

    def _blame(self, error: "duckdb.Error") -> None:
        """Find the file for which DuckDB refused; nothing is wrong if one is merely gone.

        Raises:
            OutvotedError: a file is damaged, as whoever reads it elsewhere says, or all seem well.
        """
        with self._lock:
            files = () if self._now is None else self._now[0].files
        if any(not file.path.is_file() for file in files):
            return
        for file in files:
            for _ in tables.batches(file.path, file.source.form):
                pass
        raise OutvotedError(
            expected="files of mistakes that DuckDB reads",
            found=next(iter(str(error).splitlines()), type(error).__name__)[:300],
            remedy="read the run's Parquet files by other means, or mine again under another --name",
        ) from error
