"""What ends a run: errors that come again, deaths of all cells, too many failed searches."""

import pytest

from outvoted.cluster.ray.events import CellLost, ShardRaised
from outvoted.search.errors import OutvotedError
from tests.cluster.ray.world import World


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
