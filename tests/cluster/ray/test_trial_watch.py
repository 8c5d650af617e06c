"""A trial of Ray Tune that hangs is ended, so that Tune begins it again; who records trials may be late."""

from types import SimpleNamespace
from typing import Any

import pytest

from outvoted.actors.training.ray_work import LastSigns, Sign
from outvoted.cluster.ray import trial_watch
from outvoted.cluster.ray.events import SaySentence
from outvoted.cluster.ray.trial_watch import TrialWatch
from outvoted.search.errors import OutvotedError


class Driver:
    """Trials 1 and 2 as Tune has them, and what their watch does, a second at a time."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now, self.answers = 0.0, True
        self.killed: list[str] = []
        self.said: list[SaySentence] = []
        self.signs = LastSigns()
        patch.setattr("time.monotonic", lambda: self.now)
        patch.setattr("ray.wait", lambda calls, timeout: (calls if self.answers else [], []))
        patch.setattr("ray.get", lambda call, timeout: call())
        patch.setattr("ray.kill", self.killed.append)
        patch.setattr(trial_watch, "MachinesLost", lambda: list)
        self.watch = TrialWatch(lambda: self.signs.signs, str, self.said.append)
        self.trials = {
            trial: SimpleNamespace(temporary_state=SimpleNamespace(ray_actor=f"process of {trial}"))
            for trial in (1, 2)
        }

    def live(self, seconds: int, *moving: int) -> None:
        for _ in range(seconds):
            self.now += 1
            for trial in moving:
                self.signs.sign(trial, Sign("10.0.0.3", int(self.now), self.now))
            self.watch.look(self.trials)

    @property
    def texts(self) -> list[Any]:
        return [sentence.text for sentence in self.said]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    return Driver(monkeypatch)


def test_a_trial_that_hangs_is_ended_and_others_are_let_be(driver: Driver) -> None:
    driver.live(20, 1, 2)
    driver.live(100, 1)
    assert driver.killed == ["process of 2"]
    (said,) = driver.texts
    assert said.startswith("trial 2 on node 10.0.0.3 has not answered for 3")
    assert said.endswith(" s: it is begun again")
    driver.live(100, 1, 2)
    assert driver.killed == ["process of 2"]


def test_no_trial_is_ended_for_what_records_them_but_that_has_a_limit_too(driver: Driver) -> None:
    driver.live(20, 1, 2)
    driver.answers = False
    driver.live(30)
    assert driver.texts == ["stalled for 26 s: what records trials does not answer"]
    with pytest.raises(OutvotedError, match="another process of the run"):
        driver.live(1000)
    assert driver.killed == []
