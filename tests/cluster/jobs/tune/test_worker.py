"""A trial in a worker: its runs are made in turn and measured; what it fails of is data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayActorError

from outvoted.actors.data.datasets import Dataset, DataSettings
from outvoted.actors.runs import same_place
from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED, TrialRow
from outvoted.analysis.tuning.objectives import Measured, Objective
from outvoted.analysis.tuning.racing import Race
from outvoted.cluster.jobs.in_process.base import InProcess, Making, Milestone
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.tune import worker
from outvoted.cluster.jobs.tune.desk_part import DeskPart
from outvoted.cluster.jobs.tune.tasks import SweepWork, TrialRun, TrialTask
from outvoted.cluster.jobs.tune.worker import TrialSoFar, TrialWorker, data_settings
from outvoted.search.errors import OutvotedError

CONFIG = MineConfig()
ONE = TrialTask(7, "{}", (TrialRun("trial-0007", CONFIG),))
TWO = replace(ONE, runs=tuple(TrialRun(f"trial-0007-seed-{seed}", CONFIG) for seed in (0, 1)))
MILESTONES = 4


class Counting(InProcess[Any]):
    """Counts to four; what it measures is how far it came."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.made = error, list[str]()

    def make(self, run: Making[Any]) -> bool:
        self.made.append(run.store.path.name)
        if self.error is not None:
            raise self.error
        assert run.heard is not None
        for number in range(1, MILESTONES + 1):
            counted: Any = {"number": number}
            if not run.heard(Milestone(number, MILESTONES, counted)) and number < MILESTONES:
                return False
        return True


@pytest.fixture
def working(tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrialWorker]:
    """Return a worker whose runs count."""
    monkeypatch.setattr("ray.get", lambda value, timeout: value)

    def measured(kind: str, config: Any, folder: Path, names: Any, tables: Any) -> dict[str, Measured]:
        number = float(tables["number"])
        return {"success": Measured(number, number - 1, number + 1, 10)}

    monkeypatch.setattr(worker, "measured", measured)

    def made(maker: InProcess[Any]) -> TrialWorker:
        monkeypatch.setattr(worker, "maker_of", lambda kind: maker)
        return TrialWorker(
            SweepWork(
                kind="mine",
                folder=tmp_path,
                question=same_place.ask(tmp_path),
                guard=None,
                base=data_settings(CONFIG),
                data=(digits,),
                trials=DeskPart(None, "trials"),
                panels=DeskPart(None, "panels"),
                runs=DeskPart(None, "runs"),
                signs=DeskPart(None, "signs"),
                objectives=(Objective("success", "maximise"),),
                constraints=(),
                rule="none",
            )
        )

    return made


def _values(row: TrialRow) -> dict[str | None, float | None]:
    return {score.run: score.value for score in row.scores}


def test_a_trial_ends_with_what_was_measured(working: Callable[..., TrialWorker]) -> None:
    row = working(Counting()).make(ONE)
    assert (row.number, row.outcome, row.reason) == (7, FINISHED, None)
    assert (row.milestones, row.milestones_of) == (MILESTONES, MILESTONES)
    assert _values(row) == {None: 4.0}


def test_a_trial_has_a_score_for_each_of_its_runs_and_for_all(working: Callable[..., TrialWorker]) -> None:
    maker = Counting()
    row = working(maker).make(TWO)
    assert maker.made == ["trial-0007-seed-0", "trial-0007-seed-1"]
    assert _values(row) == {None: 4.0, "trial-0007-seed-0": 4.0, "trial-0007-seed-1": 4.0}
    assert (row.milestones, row.milestones_of) == (2 * MILESTONES, 2 * MILESTONES)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OutvotedError("a panel", "none", "train one"), "expected: a panel"),
        (ValueError("why"), "ValueError: why"),
    ],
    ids=["the user's", "ours"],
)
def test_a_trial_that_fails_says_why(
    error: Exception, said: str, working: Callable[..., TrialWorker]
) -> None:
    row = working(Counting(error)).make(ONE)
    assert row.outcome == FAILED
    assert row.reason is not None
    assert said in row.reason
    assert row.scores == ()


def test_a_machine_that_is_lost_is_no_failure_of_the_trial(working: Callable[..., TrialWorker]) -> None:
    with pytest.raises(RayActorError):
        working(Counting(RayActorError())).make(ONE)


def test_a_trial_that_lost_its_race_ends_there(
    working: Callable[..., TrialWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(
        race: Race, milestone: int, of: int, objectives: list[Measured], constraints: object
    ) -> str | None:
        assert objectives[0].value == milestone
        return "can't win" if milestone == 2 else None

    monkeypatch.setattr(Race, "lost", lost)
    row = working(Counting()).make(replace(TWO, race=object.__new__(Race)))
    assert (row.outcome, row.reason) == (STOPPED, "can't win")
    assert (row.milestones, row.milestones_of) == (2, 2 * MILESTONES)
    assert _values(row) == {None: 2.0}


def test_who_listens_hears_of_every_milestone_but_the_last(working: Callable[..., TrialWorker]) -> None:
    heard = list[TrialSoFar]()

    def listen(so_far: TrialSoFar) -> bool:
        heard.append(so_far)
        return len(heard) < 5

    row = working(Counting()).make(TWO, listen)
    assert [one.milestones for one in heard] == [1, 2, 3, 5, 6]
    assert row.outcome == STOPPED
    assert _values(row) == {None: 3.0, "trial-0007-seed-0": 4.0, "trial-0007-seed-1": 2.0}


def test_images_are_loaded_once_for_all_trials_that_have_them(
    working: Callable[..., TrialWorker], digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, other = list[object](), MineConfig(data=DataSettings(name="mnist"))

    def load(settings: object) -> Dataset:
        loaded.append(settings)
        return digits

    monkeypatch.setattr("outvoted.actors.data.datasets.load", load)
    made = working(Counting())
    made.make(ONE)
    assert loaded == []
    for _ in range(2):
        made.make(replace(ONE, runs=(TrialRun("trial-0007", other),)))
    assert loaded == [other.data]
