"""What runs have found, or two side by side: made in another process, kept as long as nothing has changed."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from outvoted.cluster.service.pages.presented import Presented
from outvoted.cluster.service.pages.reading_process import ReadingProcess
from outvoted.search.errors import OutvotedError

Paths = tuple[Path, ...]
"""The folder of a run, or of two that are compared."""
Stamp = tuple[int, ...]
_KEPT = 40
_RESTS = 4.0
"""How many times as long as making a report takes it is left alone before it is made again."""


@dataclass
class _Kept:
    stamp: Stamp | None = None
    presented: Presented | None = None
    making: bool = False
    again_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class LiveReports:
    """Reports, each as it was a moment ago."""

    def __init__(
        self,
        make: Callable[[Paths, bool], Presented],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what makes a report, by whether the code that a run names may be imported."""
        self._make, self._clock = make, clock
        self._kept: OrderedDict[Paths, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._queue = ThreadPoolExecutor(1, thread_name_prefix="reports")

    def of(self, allow_code: bool, *paths: Path, rest: bool = False) -> tuple[Presented | None, bool]:
        """Return a report, None before there is one, and whether it still says all that there is.

        Where it does not, a new one is on its way; with ``rest``, while a run goes on, only after a while.
        """
        with self._lock:
            kept = self._kept.setdefault(paths, _Kept())
            self._kept.move_to_end(paths)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            stamp = sum(map(_stamp, paths), start=())
            fresh = kept.stamp == stamp
            if not fresh and not kept.making and not (rest and self._clock() < kept.again_at):
                kept.making = True
                self._queue.submit(self._remake, paths, allow_code, kept, stamp)
            return kept.presented, fresh

    def _remake(self, paths: Paths, allow_code: bool, kept: _Kept, stamp: Stamp) -> None:
        began = self._clock()
        try:
            made = self._make(paths, allow_code)
        except OutvotedError as error:
            made = Presented(error=(error.expected, error.found, error.remedy))
        with self._lock:
            kept.presented, kept.stamp, kept.making = made, stamp, False
            kept.again_at = self._clock() + _RESTS * (self._clock() - began)


def _stamp(path: Path) -> Stamp:
    """Return what changes whenever a run has gone on."""
    found = []
    for name in ("run.json", "summary.json", "mistakes", "searches", "points", "labels"):
        try:
            seen = (path / name).stat(follow_symlinks=False)
        except OSError:
            found += [0, 0]
        else:
            found += [seen.st_mtime_ns, seen.st_size]
    return tuple(found)


_worker = ReadingProcess()


def _made_apart(paths: Paths, allow_code: bool) -> Presented:
    return _worker.call(_made, paths, allow_code)


def _made(paths: Paths, allow_code: bool) -> Presented:
    from outvoted.cluster.service.pages.presenting import (
        present,
        present_two,
    )  # heavy: not in the service itself

    first, *others = paths
    return present_two(first, others[0], allow_code) if others else present(first, allow_code)


RESULTS = LiveReports(_made_apart)
"""Those of this process."""
