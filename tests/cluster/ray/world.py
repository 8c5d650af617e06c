"""Machines, cells and a recorder as a supervisor sees them, in a time of their own."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from outvoted.cluster.ray.events import (
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
    ShardsRecorded,
    StartCell,
    StopRun,
)
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.shards_out import RECORDED_TOGETHER
from outvoted.cluster.ray.supervisor import Supervisor

IN_FLIGHT = 3


def leases(count: int) -> Any:
    """Make leases of which only the name matters."""
    return (SimpleNamespace(shard=SimpleNamespace(name=f"shard-{number}")) for number in range(count))


class World:
    """Does what a supervisor says; whoever tests chooses the faults."""

    def __init__(self, shards: int, most: int | None = None, room: int = 3, **limits: Any) -> None:
        self.now, self.room = 0.0, room
        self.limits = CrewLimits(most, IN_FLIGHT, 60.0, "1 CPU", **limits)
        self.supervisor = Supervisor(self.limits, self.now)
        self.supervisor.begin(self.now)
        self.living: dict[int, set[str]] = {}
        self.placed: set[int] = set()
        self.opened: set[int] = set()
        self.hung: set[int] = set()
        self.ended: set[int] = set()
        self.holders: Counter[str] = Counter()
        self.mined: dict[str, int] = {}
        self.recording: tuple[str, ...] = ()
        self.recorded: list[str] = []
        self.said: list[tuple[float, SaySentence]] = []
        self.restarted = 0
        self.stopped: BaseException | None = None
        self.recorder_hangs = False
        self.supervisor.work(leases(shards))
        self.hear(MachinesSeen(room, room))

    def hear(self, *events: Event) -> None:
        """Tell the supervisor, and do what it says."""
        for instruction in self.supervisor.hear(events, self.now):
            self.do(instruction)

    def do(self, instruction: Instruction) -> None:
        match instruction:
            case StartCell(cell):
                assert cell not in self.living
                assert cell not in self.ended
                self.living[cell] = set()
            case EndCell(cell):
                for shard in self.living.pop(cell):
                    self.holders[shard] -= 1
                self.ended.add(cell)
            case LeaseShard(cell, lease):
                assert cell in self.opened
                assert cell in self.living, "leased to a cell that was ended"
                name = lease.shard.name
                assert name not in self.living[cell]
                assert name not in self.recorded
                self.living[cell].add(name)
                self.holders[name] += 1
                assert self.holders[name] <= 2, "more than a takeover"
                assert len(self.living[cell]) <= IN_FLIGHT
            case RecordShards(shards):
                assert len(shards) <= RECORDED_TOGETHER
                assert all(shard in self.mined for shard in shards), "recorded before it was mined"
                self.recording = shards
            case RestartRecorder():
                self.restarted += 1
                self.recorder_hangs = False
            case SaySentence():
                self.said.append((self.now, instruction))
            case StopRun(error):
                self.stopped = error

    def place(self) -> None:
        """Give cells room, as far as there is any."""
        for cell in list(self.living):
            if cell not in self.placed and len(self.placed & self.living.keys()) < self.room:
                self.placed.add(cell)
                self.hear(CellPlaced(cell))

    def open(self) -> None:
        """Have cells that have room opened."""
        for cell in list(self.living):
            if cell in self.placed - self.opened - self.hung:
                self.opened.add(cell)
                self.hear(CellOpened(cell, f"10.0.0.{cell % 3}"))

    def mine(self, cell: int, failed: int = 0) -> None:
        """Have a cell mine its first shard."""
        if cell in self.hung or not self.living.get(cell):
            return
        left = [shard for shard in sorted(self.living[cell]) if shard not in self.mined]
        if left:
            self.mined[left[0]] = cell
            self.hear(ShardMined(cell, left[0], 100, failed))

    def record(self) -> None:
        """Have the recorder write what it was given."""
        if self.recording and not self.recorder_hangs:
            shards, self.recording = self.recording, ()
            self.recorded += shards
            for shard in shards:
                for held in self.living.values():
                    if shard in held:
                        held.discard(shard)
                        self.holders[shard] -= 1
            self.hear(ShardsRecorded(shards))

    def pulse(self) -> None:
        """Have all cells that live say so."""
        for cell in list(self.living):
            if cell in self.opened - self.hung:
                self.hear(CellPulsed(cell, int(self.now * 10), False))

    def wait(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        for _ in range(int(seconds)):
            self.now += 1
            self.hear()

    def live(self) -> None:
        """Let a second pass in which everything that does not hang goes on."""
        self.now += 1
        self.place()
        self.open()
        self.pulse()
        for cell in list(self.living):
            self.mine(cell)
        self.record()
        self.hear()

    def finish(self, seconds: int = 4000) -> None:
        """Let everything go on until the run ends."""
        for _ in range(seconds):
            if self.supervisor.finished or self.stopped:
                return
            self.live()
        raise AssertionError("the run did not end")
