"""The runs whose mistakes are browsed: each is opened once, and known as long as it is asked about."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock

from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import url_of

_OPEN = 8
_FETCH_SECONDS = 30.0
_AT_ONCE, _WAITING = 3, 24


class BrowsedRuns:
    """Opens runs; those that were asked about lately stay open."""

    def __init__(self) -> None:
        self._open = OrderedDict[tuple[Path, str], BrowsedRun]()
        self._fetched = dict[Path, float]()
        self._lock = Lock()
        self._room, self._turns = BoundedSemaphore(_WAITING), BoundedSemaphore(_AT_ONCE)

    def of(self, folder: Path) -> BrowsedRun:
        """Return the mistakes of the run in a folder, or of the one that it stands for at a URL.

        Raises:
            OutvotedError: it is no run, looks for no mistakes, holds links, or the store refuses.
        """
        self._fetch(folder)
        store = RunFolder(folder)
        record = store.glance()
        stamp = hashlib.sha256(f"{record.created_at.isoformat()} {record.name}".encode()).hexdigest()[:12]
        with self._lock:
            known = self._open.get((folder, stamp))
            if known is not None:
                self._open.move_to_end((folder, stamp))
                return known
        store.read_record()  # which refuses links
        tables = _named(store, record)
        tables()  # which refuses a run that looks for none
        names = None if record.data is None else record.data.class_names
        found = BrowsedRun(folder, tables, names or (), stamp, turn=self._turn)
        with self._lock:
            kept = self._open.setdefault((folder, stamp), found)
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return kept

    def close(self) -> None:
        """Forget all runs."""
        with self._lock:
            for run in self._open.values():
                run.close()
            self._open.clear()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let few look through files at once, and few wait for it: each has a thread of the service's."""
        if not self._room.acquire(blocking=False):
            raise BusyError(
                expected=f"at most {_WAITING} questions about mistakes at once",
                found="as many already",
                remedy="ask again in a second",
            )
        try:
            with self._turns:
                yield
        finally:
            self._room.release()

    def _fetch(self, folder: Path) -> None:
        """Have the folder hold what its URL has, if it stands for one; now and then."""
        if url_of(folder) is None:
            return
        with self._lock:
            due = time.monotonic() - self._fetched.get(folder, float("-inf")) > _FETCH_SECONDS
            if due:
                self._fetched[folder] = time.monotonic()
        if due:
            fetched(folder)


def _named(store: RunFolder, record: RunRecord) -> Callable[[], Sequence[MistakeTable]]:
    """Return what names the tables with a run's mistakes, of which there may be more later."""
    kind = kind_of(record)

    def tables() -> Sequence[MistakeTable]:
        return [MistakeTable(one.units, one.mistakes, one.run or "") for one in kind.recorded(store, record)]

    return tables
