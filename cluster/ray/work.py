"""Work on Ray that takes long: begun, watched over, begun again where it hangs, and given up."""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.training.ray_work import Sign, work_remotely
from outvoted.cluster.ray.calls import FETCH_SECONDS, own
from outvoted.cluster.ray.events import SaySentence, StopRun
from outvoted.cluster.ray.machines import MachinesLost
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.work_watch import MOST_DEATHS, MOST_LATE, EndTask, TaskSigned, WorkWatch

For = TypeVar("For", bound=Hashable)
_TURN_SECONDS = 1.0
_MEASURED_SECONDS = 5.0

Say = Callable[[SaySentence], object]


@dataclass(frozen=True)
class FailedWork:
    """What came instead of a result.

    Attributes:
        error: what the work raised, or what became of its process.
        lost: whether the work itself raised nothing, so that it may be begun again.
        late: whether it was ended because it did not get any further.
        begun: whether it had begun.
        said: what became of its process, in words.
    """

    error: BaseException
    lost: bool
    late: bool = False
    begun: bool = True
    said: str = ""


def value(found: Any) -> Any:
    """Return a result.

    Raises:
        BaseException: what came instead of it.
    """
    if isinstance(found, FailedWork):
        raise found.error
    return found


class WatchedWork(Generic[For]):
    """Calls that stream results between signs of life; each is known by what it is made for."""

    def __init__(self, say: Say) -> None:
        """Take who is told that nothing goes on, and what is done about it."""
        self._say, self._watch, self._lost = say, WorkWatch(time.monotonic()), MachinesLost()
        self._calls: dict[Any, For] = {}
        self._measured = 0.0
        self._ends: dict[For, tuple[Any, str, Callable[[], object]]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, meant_for: For, name: str, call: Any, end: Callable[[], object] | None = None) -> None:
        """Watch over a call.

        Args:
            name: says what it does.
            end: ends its process; that of a task, if left out.
        """
        self._calls[call] = meant_for
        self._ends[meant_for] = call, name, end or partial(ray.cancel, call, force=True)
        self._watch.asked(meant_for, name, time.monotonic())

    def results(self, ended: Callable[[], object] = lambda: None) -> Iterator[tuple[For, Any]]:
        """Yield what calls return and what they were made for, in any order; calls may be added meanwhile.

        A call that raises, dies or is late has a `FailedWork` as its last result.

        Args:
            ended: is called after each that has come to its end; it may add others.

        Raises:
            OutvotedError: there is no room for any of them in time.
        """
        while self._calls:
            self._measure()
            ready, _ = ray.wait(list(self._calls), num_returns=1, timeout=_TURN_SECONDS)
            before = len(self._calls)
            for call in ready:
                yield from self._heard(call)
            yield from self._step()
            if len(self._calls) < before:
                ended()

    def _measure(self) -> None:
        running, now = self._watch.running, time.monotonic()
        if now >= self._measured + _MEASURED_SECONDS:
            self._measured = now
            run_meter().put("tasks", running, state="running")
            run_meter().put("tasks", len(self._calls) - running, state="waiting")

    def _heard(self, call: Any) -> Iterator[tuple[For, Any]]:
        meant_for = self._calls[call]
        try:
            found = ray.get(next(call), timeout=FETCH_SECONDS)
        except StopIteration:
            self._forget(meant_for)
        except (RayError, GetTimeoutError) as error:
            name = self._forget(meant_for)
            lost = not isinstance(error, RayTaskError)
            run_meter().add("restarts", lost)
            yield meant_for, FailedWork(own(error), lost, said=f"{name}: its process died")
        else:
            now = time.monotonic()
            if isinstance(found, Sign):
                sign = TaskSigned(meant_for, found.node, found.beats, found.cpu_seconds)
                self._watch.signed(sign, now)
            else:
                self._watch.told(meant_for, now)
                yield meant_for, found

    def _step(self) -> Iterator[tuple[For, Any]]:
        for instruction in self._watch.step(time.monotonic(), self._lost):
            match instruction:
                case SaySentence():
                    self._say(instruction)
                case StopRun(error):
                    raise error
                case EndTask(task, said, error, begun):
                    meant_for: Any = task
                    run_meter().add("restarts")
                    _, _, end = self._ends[meant_for]
                    Thread(target=end, daemon=True).start()  # a head that is away would hold it up
                    self._forget(meant_for)
                    yield meant_for, FailedWork(error, True, begun, begun, said)

    def _forget(self, meant_for: For) -> str:
        """Watch over a call no longer; return what it did."""
        call, name, _ = self._ends.pop(meant_for)
        del self._calls[call]
        self._watch.ended(meant_for, time.monotonic())
        return name


@dataclass(frozen=True)
class Errand:
    """Work for a task.

    Attributes:
        name: says what is done.
        do: does it, with ``arguments``, some of them references; returns or yields what comes of it.
    """

    name: str
    do: Callable[..., Any]
    arguments: tuple[Any, ...]

    def begin(self, share: Share, elsewhere: bool = False) -> Any:
        """Have a task do it; ``elsewhere``, where that can be, after it has failed."""
        task = work_remotely.options(
            num_cpus=share.num_cpus,
            num_gpus=share.num_gpus,
            name=self.do.__name__,
            scheduling_strategy="SPREAD" if elsewhere else "DEFAULT",
        )
        return task.remote(self.do, *self.arguments)


def carried_out(
    errands: Mapping[For, Callable[[], Errand]], share: Share, say: Say, at_once: int | None = None
) -> Iterator[tuple[For, Any]]:
    """Have each errand done by a task, and yield what comes of them.

    One whose task dies, or hangs, is begun again, some times; then, as where it raises an error, the last
    result is a `FailedWork`. What it yielded before comes again.

    Args:
        errands: made anew each time that one is begun.
        share: what each takes of the machines.
        say: see `WatchedWork`.
        at_once: tasks that are asked for at a time, at most; all of them, if left out.

    Raises:
        OutvotedError: there is no room for any in time.
    """
    work, waiting = WatchedWork[For](say), deque(errands)
    tries: dict[For, list[int]] = {}

    def begin() -> None:
        while waiting and (at_once is None or len(work) < at_once):
            meant_for = waiting.popleft()
            errand = errands[meant_for]()
            work.add(meant_for, errand.name, errand.begin(share, elsewhere=meant_for in tries))

    begin()
    for meant_for, found in work.results(begin):
        if isinstance(found, FailedWork) and found.lost:
            counts = tries.setdefault(meant_for, [0, 0])
            counts[found.late] += found.begun
            if counts[0] < MOST_DEATHS and counts[1] < MOST_LATE:
                say(SaySentence(f"{found.said}: it is begun again"))
                waiting.appendleft(meant_for)
                begin()
                continue
        yield meant_for, found
