"""Runs on one cluster hear of each other's room, and forget those that say nothing."""

import pytest

from outvoted.cluster.ray import beside
from outvoted.cluster.ray.beside import RunsBeside
from outvoted.cluster.ray.events import MachinesSeen

SEEN = MachinesSeen(4, 1)


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_a_run_gives_room_for_as_long_as_one_before_it_waits_and_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ray.available_resources", lambda: {"CPU": 1.0})
    monkeypatch.setattr(beside, "_PREFIX", b"a room of their own/")  # others may have been here a moment ago
    low, high = RunsBeside("low", 0, {"CPU": 1.0}), RunsBeside("high", 1, {"CPU": 1.0})
    assert low.look(SEEN, 4, 0) == SEEN
    waiting = high.look(SEEN, 0, 3)
    assert waiting.awaited
    assert waiting.beside == ("run low has 4 CPUs",)
    given = low.look(SEEN, 4, 0)
    assert (given.most, given.awaited) == (2, False)
    assert low.look(SEEN, 2, 0).most == 0
    assert low.look(SEEN, 0, 0).awaited
    with monkeypatch.context() as moment:
        moment.setattr(beside, "_SILENT_SECONDS", 0.0)
        low.look(SEEN, 4, 0)
        assert low.look(SEEN, 4, 0) == SEEN
    high.look(SEEN, 0, 3)
    assert low.look(SEEN, 4, 0).most is not None
    high.leave()
    assert low.look(SEEN, 4, 0) == SEEN
    low.leave()
