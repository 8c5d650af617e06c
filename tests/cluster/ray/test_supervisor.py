"""Whatever happens to cells and machines: each shard is recorded once, and no one waits in silence."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    StartCell,
    StopRun,
)
from outvoted.cluster.ray.roster import CrewLimits
from outvoted.cluster.ray.shards_out import RECORDED_TOGETHER
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.search.errors import OutvotedError

IN_FLIGHT = 3


def leases(count: int) -> Any:
    """Make leases of which only the name matters."""
    return (SimpleNamespace(shard=SimpleNamespace(name=f"shard-{number}")) for number in range(count))


class World:
    """Machines, cells and a recorder as a supervisor sees them; faults are chosen by whoever tests."""

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


def let_go(world: World, shards: tuple[str, ...]) -> None:
    """Have no cell have some shards."""
    for shard in shards:
        for held in world.living.values():
            if shard in held:
                held.discard(shard)
                world.holders[shard] -= 1


def kill(world: World, cell: int, number: int) -> None:
    world.hear(CellLost(cell, RuntimeError("killed"), died=True))


def hang(world: World, cell: int, number: int) -> None:
    world.hung.add(cell)


def fail(world: World, cell: int, number: int) -> None:
    """Have a cell raise an error over a shard, now and then."""
    left = [shard for shard in sorted(world.living.get(cell, ())) if shard not in world.mined]
    if left and number % 5 == 0:
        world.living[cell].discard(left[0])
        world.holders[left[0]] -= 1
        world.hear(ShardRaised(cell, left[0], RuntimeError("once")))


def lose_rows(world: World, cell: int, number: int) -> None:
    if world.recording:
        shards, world.recording = world.recording, ()
        for shard in shards:
            world.mined.pop(shard, None)
        let_go(world, shards)
        world.hear(ShardsGone(shards))


def hang_recorder(world: World, cell: int, number: int) -> None:
    world.recorder_hangs = True


def fewer(world: World, cell: int, number: int) -> None:
    world.room = max(0, world.room - 1)
    world.hear(MachinesSeen(world.room, world.room, ("10.0.0.2",)))


def more(world: World, cell: int, number: int) -> None:
    world.room = min(5, world.room + 1)
    world.hear(MachinesSeen(world.room, world.room))


def drain(world: World, cell: int, number: int) -> None:
    world.hear(MachinesSeen(world.room, world.room, (), frozenset({f"10.0.0.{number % 3}"})))


def late(world: World, cell: int, number: int) -> None:
    """Have a cell that was ended answer after all."""
    if world.ended:
        zombie = sorted(world.ended)[number % len(world.ended)]
        world.hear(ShardMined(zombie, f"shard-{number}", 100, 0), CellPulsed(zombie, 1, True))


def live(world: World, cell: int, number: int) -> None:
    world.live()


def wait(world: World, cell: int, number: int) -> None:
    world.wait(10)


FAULTS = st.sampled_from(
    [live, live, live, kill, hang, fail, lose_rows, hang_recorder, fewer, more, drain, late, wait]
)
Fault = tuple[Callable[[World, int, int], None], int]


def strike(world: World, faults: list[Fault]) -> None:
    """Have things happen to cells, the recorder and machines, one after the other."""
    for fault, number in faults:
        cells = sorted(world.living)
        fault(world, cells[number % len(cells)] if cells else -1, number)


@settings(max_examples=150)
@given(
    faults=st.lists(st.tuples(FAULTS, st.integers(0, 20)), max_size=60),
    shards=st.integers(0, 30),
    most=st.none() | st.integers(1, 4),
)
def test_whatever_happens_every_shard_is_recorded_once(
    faults: list[Fault], shards: int, most: int | None
) -> None:
    world = World(shards, most)
    strike(world, faults)
    world.hung &= world.ended  # what is started from now on works
    world.hung |= set(world.living) & set(sorted(world.living)[:1])
    world.room = max(world.room, 1)
    world.hear(MachinesSeen(world.room, world.room))
    world.finish()
    if world.stopped is None:
        assert sorted(world.recorded) == sorted(f"shard-{number}" for number in range(shards))


@settings(max_examples=80)
@given(faults=st.lists(st.tuples(FAULTS, st.integers(0, 20)), max_size=40))
def test_nothing_stands_still_for_longer_than_half_a_minute_without_a_sentence(
    faults: list[Fault],
) -> None:
    world = World(50)
    strike(world, faults)
    if world.supervisor.finished or world.stopped:
        return
    world.said.clear()
    began = world.now
    world.wait(30)
    assert any(sentence.text for _, sentence in world.said), f"silence since {began}"


def test_a_run_that_goes_on_says_nothing() -> None:
    world = World(400)
    world.finish()
    assert world.said == []
    assert len(world.recorded) == 400


def test_a_cell_that_hangs_is_ended_and_what_it_had_is_mined_elsewhere() -> None:
    world = World(200)
    for _ in range(5):
        world.live()
    world.hung.add(0)
    had = {shard for shard in world.living[0] if shard not in world.mined}
    world.finish()
    assert 0 in world.ended
    assert {world.mined[shard] for shard in had}.isdisjoint({0})
    (said,) = {sentence.text for _, sentence in world.said if "cell 1" in str(sentence.text)}
    assert said == "cell 1 on node 10.0.0.0 has not answered for 31 s: it is started again"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("first", [1, 5])
def test_from_the_first_question_on_a_cell_is_waited_for_while_it_computes_and_for_a_minute_otherwise(
    inside: bool, first: int
) -> None:
    """Of three that have answered nothing yet one stands still and one waits; large networks compute on."""
    world = World(200, inside=inside)
    world.place()
    world.open()
    for second in range(70):
        world.now += 1
        for cell in range(second >= first, 3):
            world.hear(CellPulsed(cell, 0, cell == 2))
    assert {0, 1} <= world.ended
    assert 2 not in world.ended


def test_a_cell_that_stands_still_while_it_is_opened_is_ended_within_a_minute_and_a_busy_one_is_not() -> None:
    """Networks may take minutes to arrive; how a cell is, it says at once."""
    world = World(200)
    world.place()
    for second in range(70):
        world.now += 1
        for cell in range(second > 5, 3):
            world.hear(CellPulsed(cell, 0, False))
    assert world.ended == {0}


def test_a_cell_gets_no_more_shards_at_a_time_than_were_asked_for() -> None:
    world = World(0)
    world.supervisor.work(leases(20), at_once=2)
    while not world.supervisor.finished:
        world.live()
        assert all(len(shards) <= 2 for shards in world.living.values())
    assert len(world.recorded) == 20


def test_what_an_ended_cell_says_later_is_not_heard() -> None:
    world = World(20)
    world.live()
    world.hear(CellLost(0, RuntimeError("killed"), died=True))
    before = world.supervisor.leased(world.now)
    world.hear(ShardMined(0, "shard-0", 100, 0), CellPulsed(0, 9, True), CellOpened(0, "x"), CellPlaced(0))
    assert world.supervisor.leased(world.now) == before


def test_a_recorder_that_hangs_is_started_again() -> None:
    world = World(20)
    world.recorder_hangs = True
    for _ in range(400):
        world.live()
        if world.supervisor.finished:
            break
    assert world.restarted == 1
    assert sorted(world.recorded) == sorted(f"shard-{number}" for number in range(20))


def test_the_last_shard_of_a_slow_cell_is_taken_over() -> None:
    world = World(30, room=2)
    for _ in range(3):
        world.live()
    slow = next(shard for shard in world.living[0] if shard not in world.mined)
    while not world.supervisor.finished:
        world.now += 1
        world.pulse()
        for cell in list(world.living):
            if cell != 0 or sorted(s for s in world.living[0] if s not in world.mined)[:1] != [slow]:
                world.mine(cell)
        world.record()
        world.hear()
    assert world.mined[slow] != 0
    assert 0 not in world.ended


def test_cells_follow_the_machines() -> None:
    world = World(10_000, room=1)
    world.live()
    assert len(world.living) == 1
    world.room = 3
    world.hear(MachinesSeen(3, 3))
    world.live()
    assert len(world.living) == 3
    joined = [said for _, said in world.said if said.good]
    assert [one.text for one in joined] == ["2 machines have joined: there is room for 3 cells"]
    world.room = 2
    world.hear(MachinesSeen(2, 2, ("10.0.0.2",)), CellLost(2, RuntimeError("gone"), died=True))
    for _ in range(10):
        world.live()
    assert len(world.living) == 2


def test_a_number_of_cells_is_the_most_and_the_rest_waits_for_room() -> None:
    world = World(100, most=4, room=2)
    world.live()
    assert (len(world.living), len(world.opened)) == (4, 2)
    world.room = 9
    world.hear(MachinesSeen(4, 9))
    world.live()
    assert len(world.opened & world.living.keys()) == 4


def test_a_cell_on_a_machine_that_leaves_ends_what_it_has_and_gets_no_more() -> None:
    world = World(1000)
    world.live()
    world.hear(MachinesSeen(2, 3, (), frozenset({"10.0.0.1"})))
    world.room = 2
    had = set(world.living[1])
    for _ in range(10):
        if 1 in world.living:
            assert world.living[1] <= had
        world.live()
    assert 1 in world.ended
    assert all(world.mined[shard] == 1 for shard in had)


def test_without_room_for_any_cell_a_run_does_not_wait_for_ever() -> None:
    world = World(10, room=0)
    world.wait(59)
    assert world.stopped is None
    world.wait(2)
    assert isinstance(world.stopped, OutvotedError)
    assert "room for a cell within 60 s: 1 CPU" in world.stopped.expected


def test_a_run_that_has_begun_waits_ten_times_as_long_and_says_what_for() -> None:
    world = World(100)
    for _ in range(5):
        world.live()
    world.room = 0
    events = [CellLost(cell, RuntimeError("gone"), died=True) for cell in list(world.living)]
    world.hear(MachinesSeen(0, 2, ("10.0.0.3",)), *events)
    while world.recording:
        world.record()
    world.wait(30)
    state = [sentence.text for _, sentence in world.said if sentence.state]
    assert state == ["stalled for 25 s: node 10.0.0.3 is gone, waiting for 1 CPU"]
    world.wait(500)
    assert world.stopped is None
    world.room = 3
    world.hear(MachinesSeen(3, 3))
    world.finish()
    assert any(str(sentence.text).startswith("the run goes on, after") for _, sentence in world.said)
    assert [sentence for _, sentence in world.said if sentence.state][-1].text is None


def test_an_error_of_the_first_cell_ends_the_run_at_once_and_a_death_does_not() -> None:
    world = World(10)
    world.place()
    world.hear(CellLost(0, RuntimeError("killed"), died=True))
    assert world.stopped is None
    error = OutvotedError("a", "b", "c")
    world.hear(CellLost(1, error, died=False))
    assert world.stopped is error


def test_cells_that_all_die_at_once_end_a_run_before_long() -> None:
    world = World(10)
    for _ in range(600):
        world.place()
        world.now += 1
        for cell in list(world.living):
            world.hear(CellLost(cell, RuntimeError("out of memory"), died=True))
        world.hear()
        if world.stopped:
            break
    assert str(world.stopped) == "out of memory"


def test_networks_that_hang_in_every_cell_end_a_run_within_hours() -> None:
    world = World(100)
    for _ in range(5):
        world.live()
    while not world.stopped:
        world.hung |= world.opened
        world.now += 1
        world.place()
        world.open()
        world.hear()
    assert "like others before, has not answered" in str(world.stopped)
    assert world.now < 4 * 3600


def test_a_shard_over_which_cells_raise_an_error_is_tried_three_times() -> None:
    world = World(1)
    world.place()
    world.open()
    error = RuntimeError("no")
    for tries in range(3):
        assert world.stopped is None
        holder = next(cell for cell, held in world.living.items() if held)
        world.living[holder].clear()
        world.holders.clear()
        world.hear(ShardRaised(holder, "shard-0", error))
        if tries < 2:
            world.wait(5)
    assert world.stopped is error


@pytest.mark.parametrize(("failed", "stops"), [(50, False), (51, True)])
def test_too_many_failed_searches_end_a_run(failed: int, stops: bool) -> None:
    world = World(9, most_failed=0.5)
    world.place()
    world.open()
    for _ in range(3):
        world.mine(0, failed)
    assert (world.stopped is not None) == stops
    if stops:
        assert "--retry-failed" in str(world.stopped)


def test_the_time_of_training_is_no_waiting_for_room() -> None:
    world = World(10)
    world.supervisor = Supervisor(world.limits, 0.0)
    world.now = 5000.0
    world.living.clear()
    world.supervisor.begin(world.now)
    world.supervisor.work(leases(10))
    world.hear(MachinesSeen(3, 3))
    world.finish()
    assert world.stopped is None


def test_machines_that_were_lost_before_the_run_are_not_told() -> None:
    world = World(10, room=0)
    world.supervisor = Supervisor(world.limits, 0.0)
    world.living.clear()
    world.hear(MachinesSeen(1, 1, ("10.0.0.9",)))
    world.hear(MachinesSeen(1, 1, ("10.0.0.8", "10.0.0.9")))
    assert [sentence.text for _, sentence in world.said] == ["node 10.0.0.8 is gone"]


def test_an_idle_cell_is_not_late() -> None:
    world = World(0)
    for _ in range(1000):
        world.live()
    assert world.ended == set()
    assert world.supervisor.finished
