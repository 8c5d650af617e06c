"""Workers ask for trials: each asking is answered once, as soon as a trial may begin, and none is lost."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import RayActorError

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, TrialRow
from outvoted.cluster.jobs.tune import tuning
from outvoted.cluster.jobs.tune.handing import TrialDesk
from outvoted.cluster.jobs.tune.tasks import TrialTask
from outvoted.cluster.jobs.tune.trainable import ASKING, ROW

TASK = TrialTask(3, "{}", ())


class Limited:
    """Trials of which only so many may run until one has ended."""

    def __init__(self, count: int, parallel: int) -> None:
        self._waiting, self._parallel, self._running = deque(range(count)), parallel, 0
        self.rows = list[TrialRow]()

    def next(self) -> TrialTask | None:
        if not self._waiting or self._running == self._parallel:
            return None
        self._running += 1
        return TrialTask(self._waiting.popleft(), "{}", ())

    def end(self, row: TrialRow) -> None:
        self._running -= 1
        self.rows.append(row)

    @property
    def finished(self) -> bool:
        return not self._waiting and not self._running


class Desk:
    """Notes what was given."""

    def __init__(self) -> None:
        self.given = dict[int, TrialTask | None]()

    def remote(self, what: str, *given: Any) -> None:
        if what == "give":
            asking, self.given[asking] = given


def _row(number: int) -> TrialRow:
    return TrialRow(number, "{}", FINISHED, None, None, 1, 1, 1.0, ())


@pytest.fixture(autouse=True)
def dead(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whose processes have died: nobody's, at first."""
    found = list[object]()
    monkeypatch.setattr("ray.wait", lambda calls, timeout: (found, calls))
    return found


def _askings(trials: Limited, desk: Desk) -> Any:
    return tuning._Askings(trials, SimpleNamespace(trials=desk), lambda task, row: None)  # type: ignore[arg-type]


def test_an_asking_waits_while_no_trial_may_begin() -> None:
    trials, desk = Limited(3, parallel=1), Desk()
    askings = _askings(trials, desk)
    assert [askings.suggest(name)[ASKING] for name in "ab"] == [0, 1]
    assert desk.given == {0: TrialTask(0, "{}", ())}
    askings.on_trial_complete("a", {ROW: _row(0)})
    askings.go_on()
    assert desk.given[1] == TrialTask(1, "{}", ())
    askings.suggest("c")
    askings.suggest("d")
    for name, number in (("b", 1), ("c", 2)):
        askings.on_trial_complete(name, {ROW: _row(number)})
        askings.go_on()
    assert [row.number for row in trials.rows] == [0, 1, 2]
    assert desk.given[3] is None
    assert askings.suggest("e") == "FINISHED"


def test_a_trial_whose_process_died_too_often_is_recorded_as_failed() -> None:
    trials, desk = Limited(1, parallel=1), Desk()
    askings = _askings(trials, desk)
    askings.suggest("a")
    askings.on_trial_complete("a", error=True)
    askings.go_on()
    assert [(row.number, row.outcome) for row in trials.rows] == [(0, FAILED)]
    assert "died" in str(trials.rows[0].reason)


def test_an_error_of_recording_ends_the_sweep() -> None:
    class Broken(Limited):
        def end(self, row: TrialRow) -> None:
            raise OSError("the disk is full")

    askings = _askings(Broken(2, parallel=1), Desk())
    askings.suggest("a")
    askings.on_trial_complete("a", {ROW: _row(0)})  # where Tune would make a failed trial of it
    with pytest.raises(OSError, match="full"):
        askings.go_on()


def test_without_its_desk_a_sweep_ends(dead: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    def get(call: object, timeout: float) -> None:
        raise RayActorError

    monkeypatch.setattr("ray.get", get)
    trials = Limited(1, parallel=1)
    askings = _askings(trials, Desk())
    askings.suggest("a")
    dead.append("the desk")
    with pytest.raises(RayActorError):
        askings.go_on()
    assert trials.rows == []


def test_whoever_asks_again_after_a_death_gets_the_same_trial() -> None:
    async def asked() -> list[tuple[TrialTask | None] | None]:
        desk = TrialDesk()
        waiting = asyncio.ensure_future(desk.take(0))
        await asyncio.sleep(0)
        await desk.give(0, TASK)
        await desk.give(0, None)
        found = [await waiting, await desk.take(0)]
        await desk.forget(0)
        await desk.give(1, None)
        return [*found, await desk.take(1)]

    assert asyncio.run(asked()) == [(TASK,), (TASK,), (None,)]
