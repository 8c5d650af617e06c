"""Mirroring: what is written into a run's folder is put to an object store while the run goes on."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from threading import Event, Lock, Thread

from outvoted.actors.runs.files import reason
from outvoted.cluster.storage.fetching import AT_ONCE
from outvoted.cluster.storage.index import Index, Local, Pair, last_said
from outvoted.cluster.storage.store import Store
from outvoted.search.errors import OutvotedError

PATIENCE_SECONDS = 900.0
"""For how long a store may refuse before a run ends."""
_LOOK_SECONDS, _SAVE_SECONDS = 2.0, 10.0
_LONGEST_PAUSE = 60.0
_SETTLED_NS = 100_000_000  # system clocks give files times that are some ms old
_CURVES, _CURVES_NS = "tb/", 60_000_000_000
_LAST = "run.json"

Refused = Callable[[OutvotedError], object]


class Mirror:
    """Puts what changes in a run's folder to a store, in an order in which a reader never sees half of it.

    Names alone tell the order. First come weights, pictures and curves, then tables: those of one unit, which
    have one name, as they were written; units do not depend on each other. Then other JSON, at last
    `run.json`, which is put once before all else if the run goes on. Whatever was written before a file that
    is put is put with it or before it: a look at the folder takes only what is older than the look. Removed
    are objects after all else.

    Attributes:
        refusals: how often the store refused, so far.
    """

    def __init__(
        self, store: Store, index: Index, may: Callable[[], bool], refused: Refused = lambda error: None
    ) -> None:
        """Take the store of the run's objects, and what is known of both sides.

        Args:
            store: objects are put there under the names of files.
            index: of the run's folder.
            may: is asked before anything is put or removed.
            refused: is told what a store says that has been refusing for too long.
        """
        self._store, self._index, self._may, self._refused = store, index, may, refused
        self._ended, self._one = Event(), Lock()
        self._failing: float | None = None
        self.refusals = 0
        self._saved, self._missing = 0.0, set[str]()
        self._thread = Thread(target=self._go_on, daemon=True, name="mirror")

    def start(self) -> None:
        """Begin to put what changes."""
        self._thread.start()

    def stop(self) -> None:
        """Put no more by itself."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def flush(self, patience: float = PATIENCE_SECONDS) -> None:
        """Put everything that is there now, trying for as long as ``patience`` seconds.

        Raises:
            OutvotedError: the store still refuses then.
        """
        began, pause = time.monotonic(), 1.0
        while True:
            try:
                return self._put_all(whole=True)
            except (OutvotedError, OSError) as error:
                if time.monotonic() + pause - began > patience:
                    raise kept_here(error) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _go_on(self) -> None:
        pause = _LOOK_SECONDS
        while not self._ended.wait(pause):
            began = time.monotonic()
            try:
                self._put_all(whole=False)
            except (OutvotedError, OSError) as error:
                pause = min(2 * pause, _LONGEST_PAUSE)
                self.refusals += 1
                self._failing = self._failing or began
                if began - self._failing > PATIENCE_SECONDS:
                    self._refused(kept_here(error))
            else:
                pause, self._failing = max(_LOOK_SECONDS, 10 * (time.monotonic() - began)), None
                pause = min(pause, _LONGEST_PAUSE)

    def _put_all(self, whole: bool) -> None:
        with self._one:
            now = time.time_ns() - _SETTLED_NS
            here = self._index.local()
            changed = [name for name, found in here.items() if self._is_due(name, found, now, whole)]
            missing = self._index.pairs.keys() - here.keys()
            gone = sorted(missing if whole else missing & self._missing)  # what replaces it was put before
            self._missing = set(missing)
            if (changed or gone) and not self._may():
                return
            if not whole and _LAST in here and _LAST not in self._index.pairs:
                self._put([[_LAST]], here)  # whoever finds anything of a run that goes on can take it up
            for part in _in_order(changed, here):
                self._put(part, here)
            self._remove(gone)
            if whole or ((changed or gone) and time.monotonic() - self._saved > _SAVE_SECONDS):
                self._saved = time.monotonic()
                self._index.epoch = last_said(self._index.folder / _LAST)[0]
                with suppress(OutvotedError):  # on a full disk; without it, more is transferred later
                    self._index.save()

    def _is_due(self, name: str, found: Local, now: int, whole: bool) -> bool:
        pair = self._index.pairs.get(name)
        if pair is not None and pair.local == found:
            return False
        if whole:
            return True
        waits = _CURVES_NS if name.startswith(_CURVES) and pair is not None else 0
        return found.at <= now and (pair is None or now - pair.local.at >= waits)

    def _put(self, units: Sequence[Sequence[str]], here: dict[str, Local]) -> None:
        """Put files, those of a unit one after the other; note what is then known of them."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = [name for names in pool.map(self._put_unit, units) for name in names]
        for name, stored in self._store.stat(done).items():
            self._index.pairs[name] = Pair(here[name], stored)

    def _remove(self, names: Iterable[str]) -> None:
        """Remove objects, of a unit the last one first: without it the unit is not there."""
        pairs = self._index.pairs
        latest_first = sorted(names, key=lambda name: (_unit(name), -pairs[name].local.at))
        units = [list(same) for _, same in groupby(latest_first, key=_unit)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._remove_unit, units))
        for name in latest_first:
            del pairs[name]

    def _remove_unit(self, names: Sequence[str]) -> None:
        for name in names:
            self._store.remove(name)

    def _put_unit(self, names: Sequence[str]) -> list[str]:
        done = []
        for name in names:
            with suppress(FileNotFoundError):  # removed since
                self._store.put(self._index.folder / name, name)
                done.append(name)
        return done


def _in_order(names: Iterable[str], here: dict[str, Local]) -> list[list[list[str]]]:
    """Divide names into parts to be put one after the other; each consists of units that may go together."""

    def rank(name: str) -> int:
        if name.endswith(".parquet"):
            return 1
        return 0 if not name.endswith(".json") else 3 if name == _LAST else 2

    ordered = sorted(names, key=lambda name: (rank(name), _unit(name), here[name].at))
    return [
        [list(same) for _, same in groupby(part, key=_unit if of == 1 else lambda name: name)]
        for of, part in groupby(ordered, key=rank)
    ]


def _unit(name: str) -> str:
    return name.rpartition("/")[2]


def kept_here(error: OutvotedError | OSError) -> OutvotedError:
    """Say what a store, or the folder, refuses, and that nothing is lost."""
    if isinstance(error, OSError):
        error = OutvotedError("to read what is to be put to the store", reason(error), "see why")
    return OutvotedError(
        expected=error.expected,
        found=error.found,
        remedy=f"{error.remedy}; results are kept on this machine: continue with --resume here",
    )
