"""The cells of a run: how many there are to be, how each is, which are ended and started again."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from outvoted.cluster.ray.events import (
    CellLost,
    CellOpened,
    CellPlaced,
    CellPulsed,
    EndCell,
    Instruction,
    MachinesSeen,
    SaySentence,
    StartCell,
    StopRun,
)
from outvoted.cluster.ray.pace import Pace
from outvoted.search.errors import OutvotedError

_SILENT_SECONDS = 30.0
_COMPUTING_SECONDS = 120.0
_FIRST_SECONDS = 600.0
_OPENING_SECONDS = 120.0
_LONGEST_PAUSE = 60.0
_MOST_DEATHS, _FEW_DEATHS = 20, 5
_HOUR = 3600.0
_FIRST_OTHERS = "a run of higher priority waits for room: cells end the shards they have, and make room"
_AGAIN = "no run of higher priority waits for room any more"
_PATIENCE = 10
"""Times ``wait``: for room in mid-run, where a run has something to lose."""


@dataclass(frozen=True)
class CrewLimits:
    """What a run's cells may be.

    Attributes:
        most: how many cells there may be; None for as many as the machines have room for.
        in_flight: shards of a cell that are not recorded yet.
        wait: seconds for which the first cell may wait for room.
        need: what a cell takes of the machines, in words.
        inside: whether a cell is one process; the first questions to networks elsewhere may take longer.
        most_failed: share of the searches that may fail before the run stops.
    """

    most: int | None
    in_flight: int
    wait: float
    need: str
    inside: bool = True
    most_failed: float = 1.0


@dataclass
class CellState:
    """One cell, from its start to its end.

    Attributes:
        since: when it was started, or placed, or opened, whichever came last.
        heard: when it last said how it is; None before it ever has.
        life: when it last showed that it computes.
        beat: when an answer of its panel last came.
        asked: calls to it that are no shards.
    """

    number: int
    since: float
    placed: bool = False
    opened: bool = False
    node: str = ""
    beats: int = 0
    heard: float | None = None
    life: float = 0.0
    beat: float = 0.0
    asked: int = 0

    def begin(self, now: float) -> None:
        """Count silence from now on: it is given something to do."""
        self.life = self.beat = now

    def __str__(self) -> str:
        return f"cell {self.number + 1}" + (f" on node {self.node}" if self.node else "")


@dataclass
class Roster:
    """All cells there are, placed or waiting for room."""

    limits: CrewLimits
    now: float
    cells: dict[int, CellState] = field(default_factory=dict)
    machines: MachinesSeen = field(default_factory=lambda: MachinesSeen(1, 1))
    restarts: int = 0
    opening: bool = False

    def __post_init__(self) -> None:
        self._next = 0
        self._roomless: float | None = self.now  # since when no cell has had a place
        self._due = self.now  # when the next cell may be started
        self._deaths, self._progress = 0, self.now
        self._ever_opened = False
        self._gone_before: frozenset[str] | None = None  # machines that were lost before the run began
        self._last: BaseException | None = None
        first = _FIRST_SECONDS if not self.limits.inside else 2 * _COMPUTING_SECONDS
        self._idle = Pace(_SILENT_SECONDS, 2 * _SILENT_SECONDS)
        self._late = Pace(_COMPUTING_SECONDS, first)
        self._mute = Pace(_SILENT_SECONDS, 2 * _SILENT_SECONDS)
        self._opening = Pace(_OPENING_SECONDS, _FIRST_SECONDS)

    def open_cells(self) -> list[CellState]:
        """Return the cells that may be given something to do."""
        leaving = self._leaving()
        return [cell for cell in self.cells.values() if cell.opened and cell.number not in leaving]

    def _leaving(self) -> set[int]:
        """Return the cells that get nothing more to do: their machines leave, or their room is given back."""
        placed = [cell for cell in self.cells.values() if cell.placed]
        staying = [cell.number for cell in placed if cell.node not in self.machines.draining]
        leaving = {cell.number for cell in placed} - set(staying)
        if self.machines.most is not None:
            leaving.update(sorted(staying)[self.machines.most :])
        return leaving

    def begin(self, now: float) -> None:
        """Count from now on: cells that have a place are about to be opened."""
        self.opening = True
        self._due = now
        self._roomless = None if self._roomless is None else now
        for cell in self.cells.values():
            cell.since = now
            cell.heard = None if cell.heard is None else now

    def progressed(self, now: float) -> None:
        """Hear that something was recorded: whatever was wrong with cells is over."""
        self._deaths, self._progress = 0, now

    def placed(self, event: CellPlaced, now: float) -> None:
        """Hear that a cell has room."""
        cell = self.cells.get(event.cell)
        if cell is not None:
            cell.placed, cell.since, self._roomless = True, now, None

    def opened(self, event: CellOpened, now: float) -> None:
        """Hear that a cell has its panel."""
        cell = self.cells.get(event.cell)
        if cell is not None and not cell.opened:
            self._opening.took(now - cell.since)
            cell.placed = cell.opened = self._ever_opened = True
            cell.since, cell.node, self._roomless = now, event.node, None
            cell.heard = now
            cell.begin(now)

    def pulsed(self, event: CellPulsed, working: bool, now: float) -> bool:
        """Hear how a cell is; return whether it gets anywhere, or computes no longer than ever before."""
        cell = self.cells.get(event.cell)
        if cell is None:
            return False
        if cell.heard is not None:
            self._mute.took(now - cell.heard)
        cell.heard = now
        moved = event.beats != cell.beats
        usual = now - cell.beat <= self._late.longest
        if moved or not working or event.computing:
            if working:
                self._idle.took(now - cell.life)
            cell.life = now
        if moved or not working:
            if working:
                self._late.took(now - cell.beat)
            cell.beat, cell.beats = now, event.beats
        return moved or (working and event.computing and usual)

    def lost(self, event: CellLost, now: float) -> Iterator[Instruction]:
        """Hear that a cell is lost; another is started, after a pause where several are lost in a row."""
        cell = self.cells.get(event.cell)
        if cell is None:
            return
        if not event.died and not self._ever_opened:
            yield StopRun(event.error)  # an error of the user's, which any other cell would have
            return
        yield EndCell(cell.number)
        what = "was lost" if event.died else f"could not be opened ({_first_line(event.error)})"
        yield from self._ended(cell, what, event.error, now)

    def seen(self, event: MachinesSeen) -> Iterator[Instruction]:
        """Hear which machines there are; tell of those that join, are gone, or are about to leave."""
        first = self._gone_before is None
        if self._gone_before is None:
            self._gone_before = frozenset(event.gone)
        gone = tuple(node for node in event.gone if node not in self._gone_before)
        event = replace(event, gone=gone)
        before, self.machines = self.machines, event
        for node in sorted(set(event.gone) - set(before.gone)):
            yield SaySentence(f"node {node} is gone")
        joined = event.there - before.there
        if joined > 0 and event.room > before.room and not first:
            room = f"{event.room} cell{'s' * (event.room > 1)}"
            verb = "has" if joined == 1 else "have"
            yield SaySentence(f"{_machines(joined)} {verb} joined: there is room for {room}", good=True)
        for node in sorted(event.draining - before.draining):
            yield SaySentence(f"node {node} is about to leave: its cells end the shards they have")
        if (event.most is None) != (before.most is None):
            yield SaySentence(_FIRST_OTHERS if before.most is None else _AGAIN, good=True)

    def step(self, working: frozenset[int], holding: frozenset[int], now: float) -> Iterator[Instruction]:
        """End cells that are late or leave, start those that lack.

        Args:
            working: the cells that have something to do.
            holding: those, and others that have rows which are not recorded yet.
        """
        if not any(cell.placed for cell in self.cells.values()):
            self._roomless = now if self._roomless is None or self.machines.awaited else self._roomless
        leaving = self._leaving()
        for cell in list(self.cells.values()):
            why = self._silence(cell, cell.number in working, now)
            if why is not None:
                yield EndCell(cell.number)
                yield from self._ended(cell, why, _silent(cell, why), now)
            elif cell.number in leaving and cell.number not in holding:
                yield EndCell(cell.number)
                del self.cells[cell.number]
        yield from self._hopeless(now)
        yield from self._manned(now)

    def _silence(self, cell: CellState, working: bool, now: float) -> str | None:
        """Return, in words, if a cell is silent for too long."""
        if not cell.placed or not self.opening:
            return None
        if cell.heard is not None and now - cell.heard > self._mute.limit():
            self._mute.give_up()
            return f"has not answered for {now - cell.heard:.0f} s"
        if not cell.opened:
            age = now - cell.since
            if age <= self._opening.limit():
                return None
            self._opening.give_up()
            return f"was not ready after {age:.0f} s"
        if now - cell.life > self._idle.limit():
            self._idle.give_up()
            return f"has not answered for {now - cell.life:.0f} s"
        if working and now - cell.beat > self._late.limit():
            self._late.give_up()
            return f"has computed for {now - cell.beat:.0f} s without an answer"
        return None

    def _ended(self, cell: CellState, what: str, error: BaseException, now: float) -> Iterator[Instruction]:
        del self.cells[cell.number]
        self._last, self._deaths, self.restarts = error, self._deaths + 1, self.restarts + 1
        pause = 0.0 if self._deaths == 1 else min(2.0 ** (self._deaths - 2), _LONGEST_PAUSE)
        self._due = max(self._due, now + pause)
        yield SaySentence(f"{cell} {what}: it is started again{f' in {pause:.0f} s' * (pause > 0)}")

    def _hopeless(self, now: float) -> Iterator[Instruction]:
        """Give up where no cell can be had, or each dies."""
        wait = self.limits.wait * (_PATIENCE if self._ever_opened else 1)
        if self._roomless is not None and self.cells and now - self._roomless > wait:
            yield StopRun(
                OutvotedError(
                    expected=f"room for a cell within {wait:.0f} s: {self.limits.need}",
                    found=f"none on {_machines(self.machines.there)}, or "
                    + (", ".join(self.machines.beside) or "other work has it"),
                    remedy="wait for the cluster's other work to end, lower cluster.cells or "
                    "cluster.num_cpus, or raise cluster.wait; --resume continues what is recorded",
                )
            )
        idle = now - self._progress if self._ever_opened else float("inf")
        often, seldom = self._deaths >= _MOST_DEATHS, self._deaths >= _FEW_DEATHS
        in_vain = (often and idle > _FIRST_SECONDS) or (seldom and idle > _HOUR)
        if in_vain and self._last is not None:
            yield StopRun(self._last)

    def _manned(self, now: float) -> Iterator[Instruction]:
        """Start cells that lack, end those for which there is no room any more."""
        leaving = self._leaving()
        there = [cell for cell in self.cells.values() if cell.number not in leaving]
        wanted = max(1, self.machines.room)
        if self.limits.most is not None:
            wanted = self.limits.most
        if self.machines.most is not None:
            wanted = min(wanted, self.machines.most)
        waiting = [cell for cell in there if not cell.placed]
        for cell in waiting[::-1][: max(0, len(there) - wanted)]:
            yield EndCell(cell.number)
            del self.cells[cell.number]
        if now >= self._due:
            for _ in range(wanted - len(there)):
                self.cells[self._next] = CellState(self._next, now)
                yield StartCell(self._next)
                self._next += 1


def _silent(cell: CellState, why: str) -> OutvotedError:
    return OutvotedError(
        expected="cells that answer",
        found=f"{cell}, like others before, {why}",
        remedy="see whether a network hangs; what is recorded is kept, --resume continues",
    )


def _machines(count: int) -> str:
    return "1 machine" if count == 1 else f"{count} machines"


def _first_line(error: BaseException) -> str:
    inner = getattr(error, "cause", None)  # what a task raised, without where
    said = inner if isinstance(inner, BaseException) else error
    lines = str(said).strip().splitlines()
    return lines[0] if lines else type(said).__name__
