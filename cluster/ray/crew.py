"""The cells of a run on Ray: does what the supervisor says, and tells it what happens."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from outvoted.actors.mining.shards import Live, Progress
from outvoted.cluster.ray.calls import own, within
from outvoted.cluster.ray.cells import Cell, CellContents
from outvoted.cluster.ray.events import (
    CellLost,
    CellOpened,
    CellPlaced,
    EndCell,
    Event,
    Instruction,
    LeaseShard,
    MachinesSeen,
    RecordShards,
    RestartRecorder,
    SaySentence,
    ShardMined,
    ShardRaised,
    ShardsGone,
    ShardsRecorded,
    StartCell,
    StopRun,
)
from outvoted.cluster.ray.head import head_answers
from outvoted.cluster.ray.inbox import Heard, Inbox
from outvoted.cluster.ray.pulses import Pulses
from outvoted.cluster.ray.supervisor import Leased, Supervisor
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Lease

_TURN_SECONDS = 0.5
_LOOK_SECONDS = 3.0
_GRACE_SECONDS = 5.0
_ENDING_SECONDS = 15.0
_ALONE_SECONDS = 1.0
_EACH_SECONDS = 10.0
_TRIES = 3

Report = Callable[[Progress, Live, Leased], object]
Say = Callable[[SaySentence], object]


class Crew:
    """Cells that are started, opened, watched over and ended.

    Calls are never waited for one by one: the supervisor is told at once of all that have ended.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        start: Callable[[], Cell],
        recorder: Any,
        look: Callable[[int, int], MachinesSeen],
        say: Say,
    ) -> None:
        """Take who decides, what starts a cell, who records, how machines are looked at, and who is told.

        Machines are looked at with the number of cells that have room, and that of those that wait for it.
        """
        self._supervisor, self._start, self._recorder, self._say = supervisor, start, recorder, say
        self._look = look
        self._inbox, self._pulses = Inbox(), Pulses()
        self._contents: CellContents | None = None
        self._cells: dict[int, Cell] = {}
        self._starting: set[int] = set()
        self._wanted: SimpleQueue[tuple[int, Future[Cell]] | None] = SimpleQueue()
        self._placed: set[int] = set()
        self._rows: dict[str, Any] = {}
        self._recorded: Progress | None = None
        self._ended = Flag()
        self._looking = Thread(target=self._keep_looking, daemon=True)
        self._starter = Thread(target=self._keep_starting, daemon=True)
        self._starter.start()

    def start(self) -> tuple[Any, ...]:
        """Start cells that are not opened yet; return the actors of those for which there is room.

        Raises:
            OutvotedError: there is room for none in time.
        """
        self._awake()
        while not self._placed:
            self._turn()
        until = time.monotonic() + _GRACE_SECONDS
        while len(self._placed) < len(self._cells) + len(self._starting) and time.monotonic() < until:
            self._turn()
        return tuple(self._cells[cell].actor for cell in sorted(self._placed & self._cells.keys()))

    def furnish(self, contents: CellContents) -> None:
        """Give all cells their panel, those that are there and those that will be; return once one has it.

        Raises:
            OutvotedError: there is no room for any in time.
        """
        self._contents = contents
        self._supervisor.begin(time.monotonic())
        self._awake()
        for number, cell in self._cells.items():
            self._open(number, cell)
        while not self._supervisor.open_cells():
            self._turn()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Put something to the panel of a cell, of another one if the first is lost; wait for the answer."""
        for _ in range(_TRIES):
            with suppress(_CellGoneError):
                while not self._supervisor.open_cells():
                    self._turn()
                return self.ask_cell(self._supervisor.open_cells()[0], method, *arguments)
        raise OutvotedError(
            expected="a cell that answers", found=f"{_TRIES} that were lost", remedy="continue with --resume"
        )

    def ask_each(self, method: str) -> Iterator[Any]:
        """Put something to the panel of each cell; those that are lost, or busy for long, give no answer."""
        for cell in self._supervisor.open_cells():
            with suppress(_CellGoneError):
                yield self.ask_cell(cell, method, seconds=_EACH_SECONDS)

    def ask_cell(self, number: int, method: str, *arguments: Any, seconds: float = math.inf) -> Any:
        """Put something to the panel of one cell, and wait for the answer.

        Raises:
            _CellGoneError: it was lost, or ended because it did not answer, or has not in so many seconds.
        """
        answer: list[tuple[Any, BaseException | None]] = []

        def heard(value: Any, error: BaseException | None) -> Event | None:
            if error is None or isinstance(error, RayTaskError):
                answer.append((value, error))
                return None
            return CellLost(number, error, died=True)

        deadline = time.monotonic() + seconds
        self._supervisor.asked(number, time.monotonic())
        self._watch(self._cells[number].ask(method, *arguments), heard)
        while not answer:
            self._turn()
            if number not in self._cells or time.monotonic() > deadline:
                break
        self._supervisor.asked(number, time.monotonic(), -1)
        if not answer:
            raise _CellGoneError
        value, error = answer[0]
        if error is not None:
            raise own(error)
        return value

    def mine(self, leases: Iterator[Lease], report: Report, at_once: int | None = None) -> None:
        """Have all shards mined and recorded; ``report`` hears now and then how far that is.

        Args:
            leases: of all shards.
            report: is told.
            at_once: shards that a cell has at a time, where it is to be fewer than it may have.

        Raises:
            OutvotedError: the recorder cannot write, or the run cannot go on.
        """
        self._supervisor.work(leases, at_once)
        self._watch(self._recorder.record.remote(), self._told)
        self._turn(0.0)
        told = 0.0
        while not self._supervisor.finished:
            self._turn()
            if self._recorded is not None and time.monotonic() - told >= _TURN_SECONDS:
                told = time.monotonic()
                live = self._pulses.live(self._supervisor.is_out)
                report(self._recorded, live, self._supervisor.leased(told))

    def end(self) -> None:
        """End all cells; a cluster that doesn't answer is not waited for."""
        self._ended.set()
        self._wanted.put(None)
        cells, self._cells = list(self._cells.values()), {}
        there = head_answers()
        within(_ENDING_SECONDS if there else _ALONE_SECONDS, partial(_end, cells))
        for thread in (self._looking, self._starter):
            if thread.is_alive():
                thread.join(_GRACE_SECONDS if there else _ALONE_SECONDS)

    def _turn(self, seconds: float = _TURN_SECONDS) -> None:
        """Wait until something has happened, but not for long; tell the supervisor, and do what it says."""
        events = list(self._inbox.happened(seconds))
        now = time.monotonic()
        for instruction in self._supervisor.hear(events, now):
            self._do(instruction)
        for number in self._pulses.due(now):
            self._watch(self._cells[number].pulse(), partial(self._pulsed, number))

    def _watch(self, call: Any, heard: Heard) -> None:
        self._inbox.watch(call.future(), heard)

    def _do(self, instruction: Instruction) -> None:
        match instruction:
            case StartCell(number):
                self._starting.add(number)
                future: Future[Cell] = Future()
                self._inbox.watch(future, partial(self._started, number))
                self._wanted.put((number, future))
            case EndCell(number):
                self._forget(number)
            case LeaseShard(number, lease):
                told, rows = self._cells[number].mine(lease)
                self._watch(told, partial(self._mined, number, lease.shard.name, rows))
            case RecordShards(shards):
                call = self._recorder.record.remote(*(self._rows[shard] for shard in shards))
                self._watch(call, partial(self._recorded_now, shards))
            case RestartRecorder():
                ray.kill(self._recorder, no_restart=False)
            case SaySentence():
                self._say(instruction)
            case StopRun(error):
                raise own(error)

    def _keep_starting(self) -> None:
        """Start cells one after the other, in a thread of its own: a head that is away holds it up."""
        while (wanted := self._wanted.get()) is not None and not self._ended.is_set():
            number, future = wanted
            if number in self._starting:
                try:
                    future.set_result(self._start())
                except Exception as error:
                    future.set_exception(error)
            del wanted, future  # Ray ends the process where a cell is let go of while it disconnects

    def _started(self, number: int, value: Any, error: BaseException | None) -> Event | None:
        if number not in self._starting:  # it was ended meanwhile
            if error is None:
                _end_apart(value)
            return None
        self._starting.discard(number)
        if error is not None:
            return CellLost(number, error, died=True)
        cell = self._cells[number] = value
        self._watch(cell.placed, partial(self._has_room, number))
        if self._contents is not None:
            self._open(number, cell)
        return None

    def _forget(self, number: int) -> None:
        self._starting.discard(number)
        cell = self._cells.pop(number, None)
        self._placed.discard(number)
        self._pulses.forget(number)
        if cell is not None:
            _end_apart(cell)

    def _open(self, number: int, cell: Cell) -> None:
        assert self._contents is not None

        def heard(value: Any, error: BaseException | None) -> Event:
            if error is not None:
                return CellLost(number, error, died=not isinstance(error, RayTaskError))
            return CellOpened(number, str(value))

        self._watch(cell.furnish(self._contents), heard)

    def _has_room(self, number: int, value: Any, error: BaseException | None) -> Event | None:
        if error is not None or number not in self._cells:
            return None
        self._placed.add(number)
        self._pulses.begin(number)
        return CellPlaced(number)

    def _mined(
        self, number: int, shard: str, rows: Any, value: Any, error: BaseException | None
    ) -> Event | None:
        if number not in self._cells or not self._supervisor.wants(shard):
            return None
        if error is None:
            self._rows[shard] = rows
            return ShardMined(number, shard, *value)
        if isinstance(error, RayTaskError):
            return ShardRaised(number, shard, error)
        return CellLost(number, error, died=True)

    def _recorded_now(self, shards: tuple[str, ...], value: Any, error: BaseException | None) -> Event | None:
        if isinstance(error, RayTaskError):
            raise own(error)
        for shard in shards:
            self._rows.pop(shard, None)
        if error is not None:
            return ShardsGone(shards)
        self._recorded = value
        return ShardsRecorded(shards)

    def _told(self, value: Any, error: BaseException | None) -> Event | None:
        if error is not None:
            raise own(error)
        self._recorded = self._recorded or value
        return None

    def _pulsed(self, number: int, value: Any, error: BaseException | None) -> Event | None:
        if number not in self._cells:
            return None
        if error is not None:
            return None if isinstance(error, RayTaskError) else CellLost(number, error, died=True)
        return self._pulses.hear(number, value, time.monotonic())

    def _awake(self) -> None:
        """Begin to look at the machines."""
        if not self._looking.is_alive():
            self._inbox.put(self._look(*self._counts()))
            self._looking.start()

    def _counts(self) -> tuple[int, int]:
        held = len(self._placed)
        return held, max(0, len(self._cells) + len(self._starting) - held)

    def _keep_looking(self) -> None:
        """Look at the machines, in a thread of its own: the head may not answer."""
        while not self._ended.wait(_LOOK_SECONDS):
            with suppress(RayError, OSError, RuntimeError):
                self._inbox.put(self._look(*self._counts()))


class _CellGoneError(Exception):
    """A cell that was asked is there no more."""


def _end_apart(cell: Cell) -> None:
    """End a cell in a thread: a head that is away would hold it up."""
    Thread(target=cell.end, daemon=True).start()


def _end(cells: Iterable[Cell]) -> None:
    for cell in cells:
        cell.kill()
    for cell in cells:
        cell.end()
