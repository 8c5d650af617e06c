"""Who watches over tasks: hears of their signs of life, and says which have hung, and why nothing goes on.

It knows no Ray and no clock. Limits are those of cells (roster): what neither answers nor computes, and what
computes without getting a step further, is late by how long such steps took so far.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from outvoted.cluster.ray.events import SaySentence, StopRun
from outvoted.cluster.ray.pace import COMPUTING, Pace
from outvoted.cluster.ray.stalling import Stall
from outvoted.search.errors import OutvotedError

_SILENT_SECONDS = 30.0
_COMPUTING_SECONDS = 120.0
_FIRST_SECONDS = 600.0
ROOM_SECONDS = 600.0
"""For which tasks may wait for room, where none of them runs."""
_QUIET_SECONDS = 10.0
MOST_LATE, MOST_DEATHS = 3, 20
"""Times that a task is begun before it is given up, because it was late or because its process died."""


@dataclass(frozen=True)
class TaskSigned:
    """A task has shown a sign of life.

    Attributes:
        node: the address of its machine.
        beats: steps that its process has made so far.
        cpu_seconds: what it has computed so far.
    """

    task: Hashable
    node: str
    beats: int
    cpu_seconds: float


@dataclass(frozen=True)
class EndTask:
    """End a task's process; what it says later is not heard.

    Attributes:
        said: why.
        begun: whether it has shown a sign of life.
    """

    task: Hashable
    said: str
    error: OutvotedError
    begun: bool = True


Order = EndTask | SaySentence | StopRun


@dataclass
class _Task:
    """A task from when it was asked for; ``heard``, ``life``, ``beat`` as those of a cell."""

    name: str
    since: float
    node: str | None = None
    beats: int = 0
    cpu_seconds: float = 0.0
    heard: float = 0.0
    life: float = 0.0
    beat: float = 0.0

    def __str__(self) -> str:
        return self.name + (f" on node {self.node}" if self.node else "")


@dataclass
class WorkWatch:
    """All tasks that have not ended: those that run, and those that wait for room.

    Attributes:
        ends_unbegun: whether those that wait are ended where there is room and none begins: Ray may have put
            them into a process that stands still.
    """

    now: float
    ends_unbegun: bool = True
    tasks: dict[Hashable, _Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stall = Stall(self.now)
        self._mute = Pace(_SILENT_SECONDS, 2 * _SILENT_SECONDS)
        self._idle = Pace(_SILENT_SECONDS, 2 * _SILENT_SECONDS)
        self._late = Pace(_COMPUTING_SECONDS, _FIRST_SECONDS)
        self._begins = Pace(2 * _SILENT_SECONDS, 4 * _SILENT_SECONDS)
        self._most = 0  # tasks that ran at a time
        self._taken_back = False  # whether what waits has waited before
        self._free: float | None = None  # since when fewer run, while others wait
        self._roomless = self.now  # since when no task runs
        self._news = False

    @property
    def running(self) -> int:
        """Count the tasks that have begun."""
        return sum(task.node is not None for task in self.tasks.values())

    def asked(self, task: Hashable, name: str, now: float) -> None:
        """Hear that a task was asked for; ``name`` says what it does."""
        if not self.tasks and not self._taken_back:
            self._roomless = now
        self.tasks[task] = _Task(name, now)

    def signed(self, sign: TaskSigned, now: float) -> None:
        """Hear a sign of life: the first one says that the task has begun."""
        task = self.tasks.get(sign.task)
        if task is None:
            return
        if task.node is None:
            task.node, task.beats, task.cpu_seconds = sign.node, sign.beats, sign.cpu_seconds
            task.heard = task.life = task.beat = now
            self._news, self._taken_back = True, False
            self._most = max(self._most, self.running)
            if self._free is not None:
                self._begins.took(now - self._free)
                self._free = None
            return
        self._mute.took(now - task.heard)
        moved = sign.beats != task.beats
        computed = sign.cpu_seconds - task.cpu_seconds > COMPUTING * (now - task.heard)
        task.heard, task.cpu_seconds = now, sign.cpu_seconds
        if moved or computed:
            self._idle.took(now - task.life)
            task.life = now
        if moved:
            self._late.took(now - task.beat)
            task.beat, task.beats, self._news = now, sign.beats, True

    def told(self, task: Hashable, now: float) -> None:
        """Hear that something came of a task: it gets further."""
        found = self.tasks.get(task)
        self._news = True
        if found is not None and found.node is not None:
            self._late.took(now - found.beat)
            found.heard = found.life = found.beat = now

    def ended(self, task: Hashable, now: float) -> None:
        """Hear that a task has ended, or its process; it may be asked for again."""
        if self.tasks.pop(task, None) is not None:
            self._news, self._roomless = True, now

    def step(self, now: float, gone: Callable[[], Sequence[str]] = tuple) -> Iterator[Order]:
        """Let time pass; return what is to be done.

        Args:
            gone: returns the addresses of machines that are lost.
        """
        if self.running:
            self._roomless = now
        if self._news:
            self._news = False
            said = self._stall.moved(now)
            if said is not None:
                yield SaySentence(said)
                yield SaySentence(None, state=True)
        for key, task in list(self.tasks.items()):
            why = self._silence(task, now)
            if why is not None:
                del self.tasks[key]
                yield EndTask(key, f"{task} {why}", _late(task, why))
        if self.ends_unbegun:
            yield from self._unbegun(now)
        said = self._stall.tick(now) if self.tasks else None
        if said is not None:
            yield SaySentence(f"{said}: {self._why(now, gone())}", state=True)
        if self.tasks and now - self._roomless > ROOM_SECONDS:
            yield StopRun(_no_room([task.name for task in self.tasks.values()]))

    def _unbegun(self, now: float) -> Iterator[EndTask]:
        """End what waits where fewer tasks run than ran before, and none begins."""
        waiting = {key: task for key, task in self.tasks.items() if task.node is None}
        if not waiting or self.running >= self._most:
            self._free = None
            return
        self._free = now if self._free is None else self._free
        if now - self._free > self._begins.limit():
            self._begins.give_up()
            why = f"has not begun for {now - self._free:.0f} s, though others have ended"
            self._free, self._taken_back = None, True
            for key, task in waiting.items():
                del self.tasks[key]
                yield EndTask(key, f"{task} {why}", _late(task, why), begun=False)

    def _silence(self, task: _Task, now: float) -> str | None:
        """Return, in words, if a task is silent for too long."""
        if task.node is None:
            return None
        if now - task.heard > self._mute.limit() or now - task.life > self._idle.limit():
            self._mute.give_up()
            self._idle.give_up()
            return f"has not answered for {now - task.life:.0f} s"
        if now - task.beat > self._late.limit():
            self._late.give_up()
            return f"has computed for {now - task.beat:.0f} s without getting a step further"
        return None

    def _why(self, now: float, gone: Sequence[str]) -> str:
        """Say what is waited for, as far as is known."""
        why = []
        if gone:
            which = ", ".join(gone[:3]) + ", ..." * (len(gone) > 3)
            why.append(f"node {which} is gone" if len(gone) == 1 else f"nodes {which} are gone")
        running = [task for task in self.tasks.values() if task.node is not None]
        silent = [str(task) for task in running if now - task.life > _QUIET_SECONDS]
        if silent:
            why.append("no answer from " + ", ".join(silent[:3]) + ", ..." * (len(silent) > 3))
        elif running:
            why.append(f"{_and_more([str(task) for task in running])} may just take long")
        waiting = [task.name for task in self.tasks.values() if task.node is None]
        if waiting and self._free is not None:
            have = "has" if len(waiting) == 1 else "have"
            why.append(f"{_and_more(waiting)} {have} not begun, though others have ended")
        elif waiting and not running:
            why.append(f"waiting for room for {_and_more(waiting)}")
        return ", ".join(why)


def _late(task: _Task, why: str) -> OutvotedError:
    return OutvotedError(
        expected="work that gets further",
        found=f"{task}, which {why}",
        remedy="see whether a network hangs; what is recorded is kept, --resume continues",
    )


def _and_more(names: Sequence[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _no_room(names: Sequence[str]) -> OutvotedError:
    return OutvotedError(
        expected=f"room for {_and_more(names)} within {ROOM_SECONDS:.0f} s",
        found="none on the machines there are, or other work has it",
        remedy="wait for the cluster's other work to end, or start more machines; --resume continues what "
        "is recorded",
    )
