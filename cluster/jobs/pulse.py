"""A run's pulse: every ten seconds `run.json` and Ray's metrics say how far it is."""

import math
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Event, Thread

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import Task, TaskID

from outvoted.actors.runs.ray_metrics import Meter, metered
from outvoted.actors.runs.run_folder import ProgressRecord, RunFolder, RunRecord
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.ray.events import SaySentence
from outvoted.search.errors import OutvotedError

_SECONDS = 10.0
_RATED_SECONDS = 60.0
_run: ContextVar[tuple[RunFolder, RunRecord] | None] = ContextVar("run", default=None)


@contextmanager
def pulse(
    store: RunFolder, record: RunRecord, bars: Bars, meter: Meter, refusals: Callable[[], int] = int
) -> Iterator[None]:
    """Keep saying, within the block and once at its end, how far a run is.

    Args:
        store: the run's folder.
        record: of the run.
        bars: what its terminal shows.
        meter: takes the same, and the space on the disk.
        refusals: says how often the store refused, to which a run at a URL is put.
    """
    heart, ended = Pulse(store, record, bars, meter, refusals), Event()

    def live() -> None:
        while not ended.wait(_SECONDS):
            heart.beat()

    thread = Thread(target=live, daemon=True)
    thread.start()
    token = _run.set((store, record))
    try:
        with metered(meter):
            yield
    finally:
        _run.reset(token)
        ended.set()
        thread.join()
        heart.beat()


def stands(store: RunFolder, record: RunRecord, how: str | None) -> None:
    """Have `run.json` say what holds a run up; None: nothing does."""
    record.message = how
    with suppress(OutvotedError):  # a disk that refuses is told where rows are written
        store.write_record(record)


def telling(console: Console) -> Callable[[SaySentence], None]:
    """Return what has the terminal, and `run.json` of the run that has a pulse, say what holds it up."""
    run = _run.get()

    def say(sentence: SaySentence) -> None:
        if sentence.text is not None and sentence.good:
            console.print(sentence.text, soft_wrap=True)
        elif sentence.text is not None:
            warn(console, sentence.text)
        if sentence.state and run is not None:
            stands(*run, sentence.text)

    return say


class Pulse:
    """Copies what bars show to where it can be seen without the terminal."""

    def __init__(
        self,
        store: RunFolder,
        record: RunRecord,
        bars: Bars,
        meter: Meter,
        refusals: Callable[[], int] = int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._record, self._bars, self._meter, self._clock = store, record, bars, meter, clock
        self._refusals, self._refused = refusals, 0
        self._rates: dict[TaskID, _Rate] = {}
        self._shown: object = None
        self._changed = clock()

    def beat(self) -> None:
        """Say how far the run is; a disk that refuses stops nothing, what else is written will tell of it."""
        now = self._clock()
        tasks = [task for task in self._bars.tasks if task.visible]
        shown = [(task.completed, task.fields.get("details")) for task in tasks]
        if shown != self._shown:
            self._shown, self._changed = shown, now
        self._record.progress = tuple(self._progress(task, now) for task in tasks)
        self._record.updated_at = datetime.now(UTC)
        with suppress(OutvotedError):
            self._store.write_record(self._record)
        self._measure(tasks, now)

    def _progress(self, task: Task, now: float) -> ProgressRecord:
        rate = self._rates.setdefault(task.id, _Rate()).at(now, task.completed)
        known = task.total is not None and math.isfinite(task.total)
        return ProgressRecord(
            task=task.description,
            done=task.completed,
            total=task.total if known else None,
            details=str(task.fields.get("details", "")),
            per_second=None if task.finished else rate,
            mistakes=task.fields.get("mistakes"),
            failed=task.fields.get("failed"),
        )

    def _measure(self, tasks: list[Task], now: float) -> None:
        for task in tasks:
            self._meter.put("done", task.completed, task=task.description)
            self._meter.put("planned", task.total or 0, task=task.description)
        self._meter.put("idle_seconds", now - self._changed)
        refused = self._refusals()
        self._meter.add("errors", refused - self._refused, place="storage")
        self._refused = refused
        with suppress(OSError):
            disk = shutil.disk_usage(self._store.path)
            self._meter.put("disk_free_bytes", disk.free)
            self._meter.put("disk_bytes", disk.total)


class _Rate:
    """How fast something grew during the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def at(self, now: float, done: float) -> float | None:
        """Take how much there is now, and return the growth in a second; None at the first time."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _RATED_SECONDS:
            self._seen.popleft()
        began, before = self._seen[0]
        return max(0.0, (done - before) / (now - began)) if now > began else None
