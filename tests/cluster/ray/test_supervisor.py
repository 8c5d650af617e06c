"""Whatever happens to cells and machines: each shard is recorded once, and no one waits in silence."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.cluster.ray.events import (
    CellLost,
    CellOpened,
    CellPlaced,
    CellPulsed,
    MachinesSeen,
    ShardMined,
    ShardRaised,
    ShardsGone,
)
from tests.cluster.ray.world import World, leases


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
    ended = world.stopped is not None  # with words of its own
    assert ended or any(sentence.text for _, sentence in world.said), f"silence since {began}"


def test_what_computes_for_longer_than_ever_before_is_said_and_what_takes_as_long_again_is_not() -> None:
    world = World(200, inside=False)
    world.place()
    world.open()
    told = []
    for batch in range(1, 4):
        world.said.clear()
        for _ in range(40):
            world.now += 1
            world.hear(*(CellPulsed(cell, batch - 1, True) for cell in range(3)))
        world.hear(*(CellPulsed(cell, batch, True) for cell in range(3)))
        told.append([str(sentence.text) for _, sentence in world.said])
    assert told[0][0].startswith("stalled for 25 s: no answer so far, but cell 1 on node 10.0.0.0, ")
    assert told[1:] == [[], []]


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


def test_an_idle_cell_is_not_late() -> None:
    world = World(0)
    for _ in range(1000):
        world.live()
    assert world.ended == set()
    assert world.supervisor.finished
