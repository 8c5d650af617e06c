"""Who watches over a run at night: a state machine; events in, instructions out.

It knows no Ray and no clock. Every shard is recorded once, whatever becomes of cells; what does not answer in
time, by how long such things took so far, is ended and started again; what can't be had is done without; and
nothing stands still for long without a sentence that says why.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outvoted.cluster.ray.events import (
    CellLost,
    CellOpened,
    CellPlaced,
    CellPulsed,
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
    StopRun,
)
from outvoted.cluster.ray.pace import Pace
from outvoted.cluster.ray.roster import CrewLimits, Roster
from outvoted.cluster.ray.shards_out import ShardsOut
from outvoted.cluster.ray.stalling import Stall
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Lease

_RECORDING_SECONDS = 30.0
_MOST_RAISED = 3
_MOST_LOST = 25
_ENOUGH_SEARCHES = 200
_WATCHED_SECONDS = 0.2


@dataclass(frozen=True)
class Leased:
    """How a run's cells and shards are, for whoever watches.

    Attributes:
        under_way: shards that are not recorded yet.
        oldest_seconds: age of the oldest lease that is still being mined.
        again: shards that were leased a second time, or more often.
        cells: that are open.
        starting: that wait for room, or are being opened.
        restarts: cells that were lost, or ended because they did not answer.
        failed: searches that failed since this process began.
    """

    under_way: int = 0
    oldest_seconds: float = 0.0
    again: int = 0
    cells: int = 0
    starting: int = 0
    restarts: int = 0
    failed: int = 0


class Supervisor:
    """Decides what is started, leased, recorded, ended and said."""

    def __init__(self, limits: CrewLimits, now: float) -> None:
        """Take what cells may be, and the time, in seconds."""
        self._limits, self._roster, self._shards = limits, Roster(limits, now), ShardsOut()
        self._stall = Stall(now)
        self._recording, self._recording_since = Pace(_RECORDING_SECONDS, 2 * _RECORDING_SECONDS, 5.0), now
        self._searches = self._failed = 0
        self._stopped, self._at_once, self._due = False, limits.in_flight, now

    def begin(self, now: float) -> None:
        """Count from now on: cells that have a place are about to be opened."""
        self._roster.begin(now)
        self._stall.moved(now)

    def work(self, leases: Iterator[Lease], at_once: int | None = None) -> None:
        """Take what is to be mined, and how many shards a cell has at a time, if fewer than it may."""
        self._at_once = min(at_once or self._limits.in_flight, self._limits.in_flight)
        self._shards.take(leases)

    @property
    def finished(self) -> bool:
        """Whether every shard is recorded."""
        return self._shards.finished

    def is_out(self, shard: str) -> bool:
        """Whether a shard is leased and not recorded yet."""
        return self._shards.is_out(shard)

    def wants(self, shard: str) -> bool:
        """Whether a shard is out that no cell has mined yet."""
        return self._shards.wants(shard)

    def open_cells(self) -> tuple[int, ...]:
        """Return the cells that can be asked something, those that have least to do first."""
        cells = sorted(self._roster.open_cells(), key=lambda cell: (cell.asked, cell.number))
        return tuple(cell.number for cell in cells)

    def asked(self, cell: int, now: float, calls: int = 1) -> None:
        """Hear that a cell has been asked something that is no shard; -1 ``calls`` once it has answered."""
        if cell in self._roster.cells:
            found = self._roster.cells[cell]
            if calls > 0 and not self._works(cell):
                found.begin(now)
            found.asked += calls

    def leased(self, now: float) -> Leased:
        """Return how cells and shards are."""
        cells = len(self._roster.open_cells())
        starting = len(self._roster.cells) - cells
        shards = self._shards
        return Leased(
            len(shards),
            shards.oldest(now),
            shards.leased_again,
            cells,
            starting,
            self._roster.restarts,
            self._failed,
        )

    def hear(self, events: Iterable[Event], now: float) -> list[Instruction]:
        """Take what has happened, maybe nothing, until ``now``; return what is to be done, in this order."""
        if self._stopped:
            return []
        heard = list(events)
        done = [instruction for event in heard for instruction in self._heard(event, now)]
        if now >= self._due or not all(isinstance(event, ShardMined | ShardsRecorded) for event in heard):
            self._due = now + _WATCHED_SECONDS
            done += self._watch(now)
        done += self._step(now)
        for place, instruction in enumerate(done):
            if isinstance(instruction, StopRun):
                self._stopped = True
                return done[: place + 1]
        return done

    def _heard(self, event: Event, now: float) -> Iterator[Instruction]:  # noqa: C901  # a case for each event
        match event:
            case CellPlaced():
                self._roster.placed(event, now)
                yield from self._moved(now)
            case CellOpened():
                self._roster.opened(event, now)
                yield from self._moved(now)
            case CellPulsed():
                if self._roster.pulsed(event, self._works(event.cell), now):
                    yield from self._moved(now)
            case CellLost():
                yield from self._lose(self._roster.lost(event, now), now)
            case MachinesSeen():
                yield from self._roster.seen(event)
            case ShardMined():
                yield from self._mined(event, now)
            case ShardRaised():
                if self._shards.raised(event.cell, event.shard, now) >= _MOST_RAISED:
                    yield StopRun(event.error)
            case ShardsRecorded():
                if event.shards == self._shards.recording:
                    self._recording.took(now - self._recording_since)
                    self._shards.recorded(event.shards)
                    self._roster.progressed(now)
                    yield from self._moved(now)
            case ShardsGone():
                if event.shards == self._shards.recording:
                    self._shards.gone(event.shards, now)

    def _mined(self, event: ShardMined, now: float) -> Iterator[Instruction]:
        if not self._shards.mined(event.cell, event.shard, now):
            return  # it was leased elsewhere meanwhile, or is recorded
        self._searches += event.searches
        self._failed += event.failed
        yield from self._moved(now)
        if self._searches >= _ENOUGH_SEARCHES and self._failed > self._limits.most_failed * self._searches:
            yield StopRun(_too_many_failed(self._failed, self._searches, self._limits.most_failed))

    def _lose(self, instructions: Iterable[Instruction], now: float) -> Iterator[Instruction]:
        """Lease again what cells had that are ended."""
        for instruction in instructions:
            yield instruction
            if isinstance(instruction, EndCell) and self._shards.lost(instruction.cell, now) >= _MOST_LOST:
                yield StopRun(_fatal())

    def _watch(self, now: float) -> Iterator[Instruction]:
        """Look after all cells, which takes longer the more there are: not at each shard."""
        cells = self._roster.cells
        working = frozenset(cell for cell in cells if self._works(cell))
        holding = working | {cell for cell in cells if self._shards.held(cell)}
        yield from self._lose(self._roster.step(working, holding, now), now)

    def _step(self, now: float) -> Iterator[Instruction]:
        yield from self._lend(now)
        shards = self._shards.to_record()
        if shards:
            self._recording_since = now
            yield RecordShards(shards)
        elif self._shards.recording and now - self._recording_since > self._recording.limit():
            self._recording.give_up()
            yield SaySentence(
                f"the recorder has not answered for {now - self._recording_since:.0f} s: it is started again"
            )
            self._recording_since = now
            yield RestartRecorder()
            yield RecordShards(self._shards.recording)
        yield from self._say(now)

    def _lend(self, now: float) -> Iterator[Instruction]:
        """Lease shards to cells, one after the other, until none has room or nothing is left."""
        free = self._roster.open_cells()
        while free:
            left = []
            for cell in free:
                if self._shards.held(cell.number) >= self._at_once:
                    continue
                idle = not self._works(cell.number)
                lease = self._shards.next_for(cell.number, now)
                if lease is not None:
                    if idle:
                        cell.begin(now)
                    yield LeaseShard(cell.number, lease)
                    left.append(cell)
            free = left

    def _works(self, cell: int) -> bool:
        found = self._roster.cells.get(cell)
        return self._shards.mining(cell) or (found is not None and found.asked > 0)

    def _moved(self, now: float) -> Iterator[Instruction]:
        said = self._stall.moved(now)
        if said is not None:
            yield SaySentence(said)
            yield SaySentence(None, state=True)

    def _say(self, now: float) -> Iterator[Instruction]:
        said = self._stall.tick(now)
        if said is not None:
            yield SaySentence(f"{said}: {self._why(now)}", state=True)

    def _why(self, now: float) -> str:
        """Say what the run waits for, as far as is known."""
        machines, cells = self._roster.machines, self._roster.cells.values()
        gone = list(machines.gone)
        why = []
        if gone:
            which = _few(gone)
            why.append(f"node {which} is gone" if len(gone) == 1 else f"nodes {which} are gone")
        waiting = sum(not cell.placed for cell in cells)
        if waiting:
            each = f" for each of {waiting} cells" * (waiting > 1)
            others = f" ({_few(machines.beside)})" if machines.beside else ""
            why.append(f"waiting for {self._limits.need}{each}{others}")
        opening = sum(cell.placed and not cell.opened for cell in cells)
        if opening:
            why.append(f"{opening} {'cell is' if opening == 1 else 'cells are'} starting")
        if self._shards.recording and now - self._recording_since > 1:
            why.append("the recorder is writing")
        silent = [str(cell) for cell in cells if cell.opened and now - cell.life > 1]
        if silent:
            why.append(f"no answer from {_few(silent)}")
        if machines.most is not None:
            why.append("runs of higher priority come first")
        late = [
            str(cell) for cell in cells if self._works(cell.number) and now - cell.beat > 1 >= now - cell.life
        ]
        if late:
            why.append(f"no answer so far, but {', '.join(late[:3])} compute{'s' * (len(late) == 1)}")
        return ", ".join(why) or "all machines are there"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + ", ..." * (len(names) > 3)


def _too_many_failed(failed: int, searches: int, most: float) -> OutvotedError:
    return OutvotedError(
        expected=f"at most {most:.0%} of the searches to fail (cluster.most_failed)",
        found=f"{failed:,} of {searches:,} failed; their rows say why",
        remedy="mend the network that fails, then continue with --resume --retry-failed, which runs them "
        "again",
    )


def _fatal() -> OutvotedError:
    return OutvotedError(
        expected="shards that can be mined",
        found=f"cells that were lost {_MOST_LOST} times while they mined the same one",
        remedy="see whether a network ends its process or takes all memory; continue with --resume",
    )
