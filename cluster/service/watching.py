"""Runs as they go on, told to all who watch: one look a second and one reader of the log for each run."""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread

from outvoted.actors.runs.run_folder import ProgressRecord
from outvoted.cluster.console.records import RunBegan, TaskAt
from outvoted.cluster.service.errors import BusyError, NotFoundError
from outvoted.cluster.service.fresh import FreshMistakes
from outvoted.cluster.service.looking import RunDetails, details, goes_on
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Service
from outvoted.cluster.submitting.logs import lines
from outvoted.search.errors import OutvotedError

_LOOK_SECONDS = 1.0
_LINES = 2000
_BEHIND = 2 * _LINES + 100
_MOST_RUNS = 100
_LINGER_SECONDS = 10.0
_LAST_LINES_SECONDS = 5.0
_LONGEST_LINE = 4000
ENDED = "end"


@dataclass(frozen=True)
class Told:
    """What watchers are told: an event of the stream.

    Attributes:
        event: run, line, mistakes or end.
        data: JSON.
        id: of lines and of the end, from which a stream goes on.
    """

    event: str
    data: str
    id: str | None = None


@dataclass(eq=False)
class _Watcher:
    """One who watches; ``None`` in the queue ends it, also where it is too slow to be told all.

    Attributes:
        job, last: the line, of a job's log, up to which it has been told all.
    """

    job: str = ""
    last: int = 0
    queue: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(_BEHIND))

    @classmethod
    def after(cls, told: str | None) -> "_Watcher":
        """Return one who has been told all up to an id already."""
        job, _, number = (told or "").rpartition(":")
        return cls(job, int(number)) if re.fullmatch("[0-9]{1,9}", number) else cls()

    def tell(self, what: Told | None) -> None:
        if what is not None and what.event == "line" and self._knows(what.id or ""):
            return
        try:
            self.queue.put_nowait(what)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)

    def _knows(self, line: str) -> bool:
        job, _, number = line.rpartition(":")
        return job == self.job and int(number) <= self.last


class WatchedRun:
    """A run that somebody watches."""

    def __init__(self, service: Service, name: str, looks: CapacityLimiter) -> None:
        self._service, self._name, self._looks = service, name, looks
        self._watchers: set[_Watcher] = set()
        self._lines: deque[tuple[int, Told]] = deque(maxlen=_LINES)
        self._tasks: dict[int, tuple[int, TaskAt, Told]] = {}
        self._job: str | None = None
        self._count = 0
        self._run: Told | None = None
        self._shown: RunDetails | None = None
        self._mistakes: Told | None = None
        self._end: Told | None = None
        self._fresh = FreshMistakes()
        self._log: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, after: str | None) -> Iterator["_Watcher"]:
        """Have somebody watch within the block, who has been told all up to an id already."""
        one = _Watcher.after(after)
        for told in (self._run, *self._said(), self._mistakes, self._end):
            if told is not None:
                one.tell(told)
        self._watchers.add(one)
        try:
            yield one
        finally:
            self._watchers.discard(one)

    async def go_on(self) -> None:
        """Tell of the run until it has ended, or nobody has watched for a while."""
        alone = 0.0
        try:
            while self._end is None and alone < _LINGER_SECONDS:
                await self._look()
                alone = 0.0 if self._watchers else alone + _LOOK_SECONDS
                if self._end is None:
                    await asyncio.sleep(_LOOK_SECONDS)
        finally:
            if self._log is not None:
                self._log.cancel()
            self._tell(None)

    async def _look(self) -> None:
        try:
            seen = await to_thread.run_sync(details, self._service, self._name, limiter=self._looks)
        except NotFoundError:  # its folder was removed
            self._end = self._told(ENDED, {"state": "gone", "exit_code": None}, f"{self._job}:{ENDED}")
            self._tell(self._end)
            return
        except OutvotedError:
            return
        self._follow(seen.job)
        await self._tell_of(seen)
        if not goes_on(seen.state):
            await self._last_lines()
            await self._tell_of(seen)
            end = {"state": seen.state, "exit_code": seen.exit_code, "message": seen.message}
            self._end = self._told(ENDED, end, f"{seen.job}:{ENDED}")
            self._tell(self._end)

    async def _tell_of(self, seen: RunDetails) -> None:
        shown = seen.model_copy(update={"config": {}, "age": None, "tasks": self._tasks_of(seen)})
        if shown != self._shown:
            self._shown = shown
            brief = shown.model_copy(update={"age": seen.age})
            self._run = Told("run", brief.model_dump_json(exclude={"config", "versions"}))
            self._tell(self._run)
        with suppress(OutvotedError):
            path = run_folder(self._service, self._name)
            fresh = await to_thread.run_sync(self._fresh.look, path, limiter=self._looks)
            if fresh is not None:
                self._mistakes = self._told("mistakes", {"total": seen.mistakes, "fresh": fresh})
                self._tell(self._mistakes)

    def _tasks_of(self, seen: RunDetails) -> tuple[ProgressRecord, ...]:
        """Return how far the run is: as its log says every second, with what `run.json` adds."""
        if not self._tasks:
            return seen.tasks
        known = {task.task: task for task in seen.tasks}
        found = []
        for _, at, _ in self._tasks.values():
            if at.visible:
                before = known.get(at.name, ProgressRecord(task=at.name, done=0))
                now = {"done": at.done, "total": at.of, "details": at.details}
                found.append(before.model_copy(update=now))
        return tuple(found)

    def _follow(self, job: str | None) -> None:
        """Read the log of the run's newest job."""
        if job is None or job == self._job:
            return
        if self._log is not None:
            self._log.cancel()
        self._job, self._count = job, 0
        self._lines.clear()
        self._tasks.clear()
        self._log = asyncio.create_task(self._read(job))

    async def _read(self, job: str) -> None:
        """Read a job's log to its end; what Ray says before the run has begun is about itself."""
        before: list[str] | None = []
        with suppress(OutvotedError, ConnectionError):
            async with aclosing(lines(self._service.jobs(), job)) as found:
                async for said, record in found:
                    if isinstance(record, RunBegan):
                        before = None
                    if before is not None and said is not None:
                        before.append(said)
                    elif before is None:
                        self._tell_line(job, said, record if isinstance(record, TaskAt) else None)
        for said in before or ():  # it never began, and this says why
            self._tell_line(job, said, None)

    def _tell_line(self, job: str, said: str | None, task: TaskAt | None) -> None:
        self._count += 1
        text = None if said is None else said[:_LONGEST_LINE]
        data = {"text": text, "task": None if task is None else task.model_dump()}
        told = self._told("line", data, f"{job}:{self._count}")
        if task is None:
            self._lines.append((self._count, told))
        else:
            self._tasks[task.task] = self._count, task, told
        self._tell(told)

    def _said(self) -> list[Told]:
        """Return the lines there were, and of each task the last that was said of it."""
        tasks = ((number, told) for number, _, told in self._tasks.values())
        return [told for _, told in sorted([*self._lines, *tasks], key=lambda one: one[0])]

    async def _last_lines(self) -> None:
        if self._log is not None:
            await asyncio.wait([self._log], timeout=_LAST_LINES_SECONDS)

    def _told(self, event: str, data: dict[str, Any], id: str | None = None) -> Told:  # noqa: A002
        return Told(event, json.dumps(data), id)

    def _tell(self, what: Told | None) -> None:
        for one in tuple(self._watchers):
            one.tell(what)


class Watching:
    """All runs that somebody watches."""

    def __init__(self, service: Service) -> None:
        """Take the service."""
        self._service = service
        self._runs: dict[str, tuple[WatchedRun, asyncio.Task[None]]] = {}
        self._looks = anyio.CapacityLimiter(4)

    async def stream(self, name: str, after: str | None) -> AsyncGenerator[Told | None, None]:
        """Yield what a run does until it has ended; None now and then where it does nothing.

        Raises:
            BusyError: as many runs as can be are watched already.
        """
        with self._watched(name).watched(after) as one:
            while True:
                try:
                    async with asyncio.timeout(15):
                        told = await one.queue.get()
                except TimeoutError:
                    yield None
                    continue
                if told is None:
                    return
                yield told
                if told.event == ENDED:
                    return

    def close(self) -> None:
        """Tell nobody any more."""
        for _, task in self._runs.values():
            task.cancel()

    def __len__(self) -> int:
        return len(self._runs)

    def _watched(self, name: str) -> WatchedRun:
        known = self._runs.get(name)
        if known is not None and not known[1].done():
            return known[0]
        if len(self._runs) >= _MOST_RUNS:
            raise BusyError(
                expected=f"at most {_MOST_RUNS} runs that are watched at once",
                found=f"{len(self._runs)}",
                remedy="close pages of other runs",
            )
        run = WatchedRun(self._service, name, self._looks)
        task = asyncio.get_running_loop().create_task(run.go_on())
        self._runs[name] = run, task
        task.add_done_callback(lambda done: self._forget(name, run))
        return run

    def _forget(self, name: str, run: WatchedRun) -> None:
        if name in self._runs and self._runs[name][0] is run:
            del self._runs[name]
