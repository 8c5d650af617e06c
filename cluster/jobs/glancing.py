"""Every run of a folder at a glance, from `run.json` and the sign of life beside it: cheap for many runs."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from outvoted.actors.runs.run_folder import ProgressRecord, RunFolder, RunRecord, State
from outvoted.cluster.storage.at_hand import fetched_records, worker_at
from outvoted.cluster.storage.urls import url_of
from outvoted.search.errors import OutvotedError

DIED = "died"
"""What is said of a run that is called running although no process works on it."""
UNREADABLE = "unreadable"
SILENT_SECONDS = 60.0
"""Without a sign of life, after which a run at work is thought of as stuck."""
_FETCH_SECONDS = 10.0


@dataclass(frozen=True)
class Glance:
    """One run.

    Attributes:
        state: as in `run.json`, or one of the words above.
        task: what it is doing, or did last; None where it has not said.
        mistakes, failed: of all its tasks; None in a run that looks for none.
        age: seconds since it last said anything.
        message: what is wrong with it.
        said_at: when it last said anything, in seconds since 1970.
    """

    name: str
    kind: str
    state: str
    task: ProgressRecord | None
    mistakes: int | None
    failed: int | None
    age: float
    message: str | None
    said_at: float = -math.inf

    @property
    def at_work(self) -> bool:
        """Whether a process works on it."""
        return self.state == State.RUNNING

    @property
    def stuck(self) -> bool:
        """Whether it is at work and says itself that it stands still, or says nothing any more."""
        return self.at_work and (self.message is not None or self.age > SILENT_SECONDS)


class Glances:
    """Looks at a folder again and again; `run.json` is only read where it has changed.

    At a URL every look fetches each `run.json`, and no look comes sooner than ten seconds after another.
    """

    def __init__(self, runs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the folder of runs, or the one that stands for a URL."""
        self._runs, self._clock = runs, clock
        self._fetched = -math.inf
        self._read: dict[str, tuple[int | None, RunRecord | OutvotedError]] = {}

    def take(self) -> list[Glance]:
        """Return all runs: those at work first, each group with the latest first.

        Raises:
            OutvotedError: the folder cannot be read, or the store refuses.
        """
        if self._clock() - self._fetched >= _FETCH_SECONDS:
            fetched_records(self._runs)  # of a folder there is nothing to fetch
            self._fetched = self._clock()
        now = datetime.now(UTC)
        self._read = {path.name: self._record(path) for path in folders_in(self._runs)}
        found = [_glance(self._runs / name, record, now) for name, (_, record) in self._read.items()]
        return sorted(found, key=lambda one: (not one.at_work, one.age, one.name))

    def _record(self, path: Path) -> tuple[int | None, RunRecord | OutvotedError]:
        store, known = RunFolder(path), self._read.get(path.name)
        changed = store.changed_at()
        if known is not None and known[0] == changed:
            return known
        try:
            return changed, store.glance()
        except OutvotedError as error:
            return changed, error


def glance(path: Path) -> Glance:
    """Look at one run."""
    try:
        record: RunRecord | OutvotedError = RunFolder(path).glance()
    except OutvotedError as error:
        record = error
    return _glance(path, record, datetime.now(UTC))


def folders_in(runs: Path) -> list[Path]:
    """Return the folders in a folder of runs that may be runs, in no order.

    Raises:
        OutvotedError: it cannot be read.
    """
    try:
        paths = list(runs.iterdir()) if runs.exists() else []
    except OSError as error:
        raise OutvotedError(
            expected=f"a folder of runs at {runs}",
            found=error.strerror or str(error),
            remedy="choose the folder of runs with --runs",
        ) from error
    return [path for path in paths if not path.name.startswith(".") and path.is_dir()]


def _glance(path: Path, record: RunRecord | OutvotedError, now: datetime) -> Glance:
    if isinstance(record, OutvotedError):
        return Glance(path.name, "", UNREADABLE, None, None, None, float("inf"), record.found)
    state, message = str(record.state), record.message
    age = max(0.0, (now - _aware(record.updated_at)).total_seconds())
    # Whoever spoke a moment ago is alive; asking a store about each run at every look would take long.
    spoke = url_of(path) is not None and age < SILENT_SECONDS
    if record.state == State.RUNNING and not spoke and worker_at(path) is None:
        state, message = DIED, f"{died(record)}; --resume continues"
    counted = _counted(record)
    return Glance(
        path.name,
        record.kind,
        state,
        _current(record.progress),
        counted.get("mistakes"),
        counted.get("failed"),
        age,
        message,
        _aware(record.updated_at).timestamp(),
    )


def died(record: RunRecord) -> str:
    """Say of a run that is called running, and on which no process works, what is known of its end."""
    last = f"; it had said: {record.message}" if record.message else ""
    return f"its process ended without a word{last}"


def _current(tasks: tuple[ProgressRecord, ...]) -> ProgressRecord | None:
    """Return the task that began last among those that go on, or else the last of all."""
    going = [task for task in tasks if task.total is None or task.done < task.total]
    return next(reversed(going or tasks), None)


def _counted(record: RunRecord) -> Mapping[str, int]:
    """Add up what tasks count."""
    sums: dict[str, int] = {}
    for task in record.progress:
        for name, count in (("mistakes", task.mistakes), ("failed", task.failed)):
            if count is not None:
                sums[name] = sums.get(name, 0) + count
    return sums


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
