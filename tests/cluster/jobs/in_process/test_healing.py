"""Healing in one process: cut off or not, a run leaves what an undisturbed one leaves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS, Arm, Step
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.healing.healing import Healer, Round, Task
from outvoted.actors.runs.run_folder import State
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.in_process.base import Heard, Making, Milestone
from outvoted.cluster.jobs.in_process.healing import HealingInProcess
from tests.cluster.jobs.in_process.shelves import FolderShelf

CONFIG = HealConfig.model_validate(
    {
        "panel": {"networks": [{"kind": "mlp", "hidden": h} for h in (6, 12)], "training": {"epochs": 2}},
        "referee": None,
        "search": {"per_target": 6, "patience": 30},
        "heal": {"rounds": 2, "epochs": 1, "seeds": [0], "steady": 0},
    }
)
Make = Callable[..., bool]


@pytest.fixture(scope="module")
def maker() -> HealingInProcess:
    """One for all runs, as in a worker."""
    return HealingInProcess()


@pytest.fixture(scope="module")
def make(maker: HealingInProcess, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make a run, or what is left of it: ``make(path, heard=None, config=CONFIG)``."""
    shelf = FolderShelf(tmp_path_factory.mktemp("panels"))

    def made(path: Path, heard: Heard | None = None, config: HealConfig = CONFIG) -> bool:
        return maker.make(Making(config, HealStore(path).folder, digits, shelf, heard))

    return made


@pytest.fixture(scope="module")
def whole(make: Make, tmp_path_factory: pytest.TempPathFactory) -> HealStore:
    """A run that nothing happened to."""
    path = tmp_path_factory.mktemp("runs") / "whole"
    assert make(path)
    return HealStore(path)


def noting(told: list[Milestone]) -> Heard:
    """Return what notes every milestone, and has the run go on."""

    def heard(milestone: Milestone) -> bool:
        told.append(milestone)
        return True

    return heard


def assert_same(one: HealStore, other: HealStore) -> None:
    """Fail unless two runs recorded the same figures, weights and mistakes."""
    assert_frame_equal(one.rounds().drop(columns="seconds"), other.rounds().drop(columns="seconds"))
    mistakes = [store.units.read_all("mistakes") for store in (one, other)]
    assert mistakes[0].num_rows > 0
    assert mistakes[0].equals(mistakes[1])
    assert one.folder.read_record().state == other.folder.read_record().state == State.FINISHED


def test_every_round_is_a_milestone_with_all_rows_up_to_it(make: Make, tmp_path: Path) -> None:
    told: list[Milestone] = []
    assert make(tmp_path / "x", noting(told))
    assert [(one.number, one.of) for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert [one.tables["rounds"].num_rows for one in told] == [2, 2 + 2 * len(ARMS), 2 + 4 * len(ARMS)]


def test_a_rate_that_is_steady_earlier_is_the_last_milestone(make: Make, tmp_path: Path) -> None:
    told: list[Milestone] = []
    heal = CONFIG.heal.model_copy(update={"rounds": 9, "steady": 1.0, "least": 1})
    steady = CONFIG.model_copy(update={"heal": heal})
    assert make(tmp_path / "x", noting(told), steady)
    assert [one.number for one in told] == [1, 2, 10]


def test_a_run_that_is_stopped_is_interrupted_and_goes_on_as_if_it_had_not_been(
    make: Make, whole: HealStore, tmp_path: Path
) -> None:
    store = HealStore(tmp_path / "stopped")
    assert not make(store.path, lambda milestone: milestone.number < 2)
    assert store.folder.read_record().state == State.INTERRUPTED
    assert set(store.rounds()["round"]) == {0, 1}
    assert make(store.path)
    assert_same(store, whole)


def test_a_run_cut_off_within_a_round_runs_the_missing_steps_alone(
    make: Make, whole: HealStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ran = HealStore(tmp_path / "cut"), list[Step]()
    run = Healer.run

    def cut(healer: Healer, task: Task) -> Round:
        if task.step == Step(0, Arm.COPIES, 2) and task.step not in ran:
            ran.append(task.step)
            raise KeyboardInterrupt
        ran.append(task.step)
        return run(healer, task)

    monkeypatch.setattr(Healer, "run", cut)
    with pytest.raises(KeyboardInterrupt):
        make(store.path)
    before = len(ran)
    assert make(store.path)
    assert ran[before:] == [Step(0, Arm.COPIES, 2), Step(0, Arm.MISTAKES, 2)]
    assert_same(store, whole)


def test_a_finished_run_computes_nothing_more_and_tells_its_end(
    make: Make, whole: HealStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Healer, "run", lambda *_: pytest.fail("ran a step"))
    told: list[Milestone] = []
    assert make(whole.path, noting(told))
    assert [(one.number, one.of) for one in told] == [(3, 3)]


def test_runs_that_begin_alike_mine_their_panel_once_before_healing(
    make: Make, whole: HealStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, run = list[Step](), Healer.run

    def seen(healer: Healer, task: Task) -> Round:
        ran.append(task.step)
        return run(healer, task)

    monkeypatch.setattr(Healer, "run", seen)
    for key, value, starts in (("weight", 3.0, 0), ("test_moves", 2, 1)):
        ran.clear()
        heal = CONFIG.heal.model_copy(update={"rounds": 1, key: value})
        assert make(tmp_path / key, config=CONFIG.model_copy(update={"heal": heal}))
        assert [step.arm for step in ran].count(Arm.START) == starts
