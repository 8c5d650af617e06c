"""Several runs on one cluster: who comes first gets room, nobody gives more than lacks, and all end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.ray.events import MachinesSeen
from outvoted.cluster.ray.precedence import RoomClaim, holding, most_cells
from tests.cluster.ray.world import World

CELL = {"CPU": 1.0, "GPU": 0.0}
claims = st.builds(
    RoomClaim,
    priority=st.integers(-2, 2),
    cell=st.fixed_dictionaries({"CPU": st.sampled_from([0.5, 1.0, 3.0]), "GPU": st.sampled_from([0.0, 0.5])}),
    held=st.integers(0, 9),
    waiting=st.integers(0, 9),
)


@given(own=claims, others=st.lists(claims, max_size=4), free=st.floats(0, 8))
def test_nobody_gives_room_to_its_own_priority_or_below_or_more_than_it_has(
    own: RoomClaim, others: list[RoomClaim], free: float
) -> None:
    most = most_cells(own, others, {"CPU": free, "GPU": 1.0})
    if any(one.priority > own.priority and one.waiting for one in others):
        assert most is not None
        assert 0 <= most <= own.held
    else:
        assert most is None


@given(runs=st.lists(claims, min_size=1, max_size=5), free=st.floats(0, 8))
def test_together_lower_runs_give_what_lacks_as_far_as_they_have_it(
    runs: list[RoomClaim], free: float
) -> None:
    runs = [replace(one, cell=CELL) for one in runs]
    top = max(one.priority for one in runs)
    waiting = sum(one.waiting for one in runs if one.priority == top)
    lower = [one for one in runs if one.priority < top]
    lower = [replace(one, waiting=0) for one in lower]
    first = [one for one in runs if one.priority == top]
    given_back = 0
    for place, one in enumerate(lower):
        most = most_cells(one, [*lower[:place], *lower[place + 1 :], *first], {"CPU": free, "GPU": 0.0})
        given_back += 0 if most is None else one.held - most
    assert given_back >= min(sum(one.held for one in lower), waiting - free) - 1e-6
    assert given_back < max(0, waiting - free) + len(lower) + 1


def test_the_lowest_gives_first_and_room_in_pieces_is_added_to() -> None:
    first = RoomClaim(5, CELL, 0, 3)
    middle, last = RoomClaim(1, CELL, 4, 0), RoomClaim(0, CELL, 2, 0)
    assert most_cells(last, [first, middle], {"CPU": 0.0}) == 0
    assert most_cells(middle, [first, last], {"CPU": 0.0}) == 3
    assert [
        most_cells(last, [replace(first, waited=waited)], {"CPU": 9.0}) for waited in (0.0, 29.0, 31.0, 61.0)
    ] == [2, 2, 1, 0]


def test_who_waits_is_told_who_has_what_it_waits_for() -> None:
    own = RoomClaim(0, {"CPU": 0.9, "GPU": 0.0}, 0, 1)
    day, night = RoomClaim(0, CELL, 1, 0, name="day"), RoomClaim(5, {"CPU": 0.9}, 2, 0, name="night")
    on_gpus, without = RoomClaim(0, {"GPU": 1.0}, 4, 0), RoomClaim(9, CELL, 0, 3)
    said = holding(own, [day, on_gpus, without, night])
    assert said == ("run night, of higher priority, has 1.8 CPUs", "run day has 1 CPU")


def _share(low: World, high: World, priority: int, cpus: int) -> None:
    """Have two runs see each other, and what is left for each."""
    held = [len(world.placed & world.living.keys()) for world in (low, high)]
    each = [
        RoomClaim(mine, CELL, has, len(world.living) - has)
        for mine, has, world in zip((0, priority), held, (low, high), strict=True)
    ]
    free = {"CPU": float(cpus - sum(held))}
    low.room, high.room = cpus - held[1], cpus - held[0]
    for world, own, other in ((low, each[0], each[1]), (high, each[1], each[0])):
        most = most_cells(own, [other], free)
        giving = own.waiting > 0 and other.priority < own.priority and other.held > 0
        world.hear(MachinesSeen(cpus, 3, most=most, awaited=most == 0 or giving))


@pytest.mark.parametrize("priority", [0, 1])
def test_a_run_of_higher_priority_gets_the_room_and_the_other_ends_after_it(priority: int) -> None:
    cpus = 4
    low = World(120, room=cpus)
    for _ in range(5):
        low.live()
    assert len(low.opened & low.living.keys()) == cpus
    high = World(60, room=0)
    gone = 0
    for second in range(2000):
        _share(low, high, priority, cpus)
        low.live()
        high.live()
        if high.supervisor.finished or (priority == 0 and low.supervisor.finished):
            break
        gone = max(gone, cpus - len(low.placed & low.living.keys()))
        assert len(low.placed & low.living.keys()) + len(high.placed & high.living.keys()) <= cpus
        assert second < 1000
    assert low.stopped is None
    assert gone == (cpus if priority else 0)
    high.living.clear()
    high.placed.clear()
    while not low.supervisor.finished:
        low.room = cpus
        low.hear(MachinesSeen(cpus, 3))
        low.live()
    assert len(low.recorded) == len(set(low.recorded)) == 120
    said = [str(sentence.text) for _, sentence in low.said]
    assert any("higher priority" in one for one in said) == bool(priority)
