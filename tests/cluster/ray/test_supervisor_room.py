"""There are as many cells as machines have room for; a run waits for room, for a while, and says so."""

from outvoted.cluster.ray.events import CellLost, MachinesSeen
from outvoted.cluster.ray.supervisor import Supervisor
from outvoted.search.errors import OutvotedError
from tests.cluster.ray.world import World, leases


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


def test_a_run_that_waits_says_which_runs_have_what_it_waits_for() -> None:
    world = World(10, room=0)
    world.hear(MachinesSeen(2, 1, beside=("run night has 1.8 CPUs",)))
    world.wait(30)
    said = [sentence.text for _, sentence in world.said if sentence.state]
    assert said == ["stalled for 25 s: waiting for 1 CPU for each of 2 cells (run night has 1.8 CPUs)"]
    world.wait(40)
    assert isinstance(world.stopped, OutvotedError)
    assert "none on 1 machine, or run night has 1.8 CPUs" in world.stopped.found


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
