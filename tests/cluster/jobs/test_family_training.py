"""Families on Ray: recorded by training, resumed, and none of them ends the others."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.progress import Progress

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.networks import CNN, MLP, members
from outvoted.actors.panel.peer import voter
from outvoted.actors.studies.study_store import StudyStore
from outvoted.actors.training.target_training import TargetChecks
from outvoted.analysis.studies.families import Family, Variant, units
from outvoted.cluster.console.terminal import bars
from outvoted.cluster.jobs.study.here import LocalStudyRunner
from outvoted.cluster.jobs.study.on_ray import RayStudyRunner
from outvoted.cluster.jobs.study.runner import StudyRunner
from outvoted.cluster.jobs.study.training import train_families
from outvoted.cluster.ray.placement import Share
from tests.cluster.processes import descendants
from tests.cluster.rows import scalars

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]

OFTEN = TargetChecks(tolerance=0.02, often=2, seldom=6)
QUICK = (Variant(batch_size=32, learning_rate=0.01), Variant(batch_size=32, learning_rate=0.02))
SMALL = Family(
    name="mlp",
    network=MLP(hidden=12),
    variants=QUICK,
    targets=(0.5, 0.6),
    high_targets=(0.999,),
    epochs=2,
    seeds=2,
    repeats=1,
    stopping=OFTEN,
)
CONVOLVING = SMALL.model_copy(
    update={"name": "cnn", "network": CNN(channels=2, hidden=8), "variants": QUICK[:1]}
)


def trained(folder: Path, families: Sequence[Family], data: Dataset, here: bool = False) -> StudyStore:
    """Train families, or those of their networks that are not recorded yet, on Ray or in this process."""
    store = StudyStore(folder, ())
    with bars(Console(quiet=True)) as progress:
        begin(store, families, data, progress, here)
    return store


def begin(
    store: StudyStore, families: Sequence[Family], data: Dataset, progress: Progress, here: bool = False
) -> None:
    monitor, runner = Monitor(store.folder.tensorboard), runner_of(data, progress, here)
    train_families(store, families, data.test.images[:20], runner, progress, monitor)
    monitor.close()


def runner_of(data: Dataset, progress: Progress, here: bool) -> StudyRunner:
    if here:
        return LocalStudyRunner(data, lambda wanted: pytest.fail("trained a panel"))
    return RayStudyRunner(data, Share(1, 0), Path("no-panels"), progress)


def rows(store: StudyStore, families: Sequence[Family]) -> pd.DataFrame:
    """Read all stops, but for how long they took."""
    return store.stops([unit.name for unit in units(families)]).drop(columns="seconds")


@pytest.fixture(scope="module")
def whole(local_ray: None, tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> StudyStore:
    """Both families, trained in one go."""
    return trained(tmp_path_factory.mktemp("whole"), (SMALL, CONVOLVING), digits)


def test_every_target_of_every_training_has_a_row(whole: StudyStore) -> None:
    found = rows(whole, (SMALL, CONVOLVING))
    expected = [
        (unit.stop(target), unit.family.name, str(unit.variant), unit.seed, target)
        for unit in units((SMALL, CONVOLVING))
        for target in unit.targets
    ]
    columns = ["network", "family", "variant", "seed", "target"]
    assert list(found[columns].itertuples(index=False, name=None)) == expected
    assert set(found["outcome"]) == {"finished"}
    assert found["reached"].any()


def test_a_reached_target_is_within_its_window_and_another_says_why_not(whole: StudyStore) -> None:
    found = rows(whole, (SMALL, CONVOLVING))
    off = (found["test_accuracy"] - found["target"]).abs()
    assert ((off <= 0.02 + 1e-9) == found["reached"]).all()
    assert (found["reason"].isna() == found["reached"]).all()
    high = found[found["target"] == 0.999]
    assert not high["reached"].any()
    assert high["reason"].str.contains("not reached in 2 epochs: best ").all()


def test_tensorboard_has_every_check_at_its_step(whole: StudyStore) -> None:
    found = rows(whole, (SMALL, CONVOLVING))
    for unit, stops in found[found["reached"]].groupby(found["network"].str.split("@").str[0]):
        points = dict(scalars(whole.folder, f"test accuracy by step/{unit}"))
        for step, accuracy in zip(stops["steps"], stops["test_accuracy"], strict=True):
            assert points[step] == pytest.approx(accuracy)
        assert [step for step, _ in scalars(whole.folder, f"loss by step/{unit}")] == list(points)


def test_networks_that_were_kept_give_the_votes_that_are_recorded(whole: StudyStore, digits: Dataset) -> None:
    found = rows(whole, (SMALL, CONVOLVING))
    for unit in units((SMALL, CONVOLVING)):
        reached = found[found["network"].str.startswith(f"{unit.name}@") & found["reached"]]["network"]
        votes = whole.votes(unit.name)
        assert list(dict.fromkeys(votes["network"])) == list(reached)
        kept = members.load(whole.path / "networks" / unit.name) if len(reached) else []
        assert [one.name for one in kept] == list(reached)
        for one in kept:
            own = votes[votes["network"] == one.name]
            again = voter(one, digits.shape, digits.classes).vote(digits.test.images[:20])
            np.testing.assert_array_equal(np.stack(list(own["probabilities"])), again)
            assert list(own["predicted"]) == list(again.argmax(1))


def test_a_study_that_begins_in_one_process_and_is_extended_on_ray_equals_one_in_one_go(
    whole: StudyStore, tmp_path: Path, digits: Dataset
) -> None:
    fewer = SMALL.model_copy(update={"seeds": 1})
    store = trained(tmp_path, (fewer,), digits, here=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert len(list((tmp_path / "stops").iterdir())) == 2
    trained(tmp_path, (SMALL, CONVOLVING), digits)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    pd.testing.assert_frame_equal(rows(store, (SMALL, CONVOLVING)), rows(whole, (SMALL, CONVOLVING)))
    for unit in units((SMALL, CONVOLVING)):
        pd.testing.assert_frame_equal(store.votes(unit.name), whole.votes(unit.name))


@pytest.mark.parametrize("here", [False, True], ids=["ray", "here"])
def test_a_training_that_fails_is_recorded_ends_no_other_and_is_tried_again(
    whole: StudyStore, tmp_path: Path, digits: Dataset, here: bool
) -> None:
    exploding = (Variant(batch_size=32, learning_rate=1e30, optimizer="sgd"),)
    failing = CONVOLVING.model_copy(update={"variants": exploding})
    store = trained(tmp_path, (failing, SMALL), digits, here)
    found = rows(store, (failing,))
    assert set(found["outcome"]) == {"failed"}
    assert not found["reached"].any()
    assert found["reason"].str.contains("before it failed (FloatingPointError: ", regex=False).all()
    pd.testing.assert_frame_equal(rows(store, (SMALL,)), rows(whole, (SMALL,)))
    trained(tmp_path, (CONVOLVING, SMALL), digits, here)
    pd.testing.assert_frame_equal(rows(store, (CONVOLVING,)), rows(whole, (CONVOLVING,)))


def test_a_training_whose_process_is_killed_is_begun_again(
    whole: StudyStore, tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress, killed = bars(Console(quiet=True)), list[int]()
    update = progress.update

    def kill_once(*arguments: Any, details: str, **more: Any) -> None:
        found = descendants(os.getpid(), "ray::trained_and_asked")
        if found and not killed and "epoch" in details:
            killed.append(found[0])
            os.kill(found[0], signal.SIGKILL)
        update(*arguments, details=details, **more)

    monkeypatch.setattr(progress, "update", kill_once)
    store = StudyStore(tmp_path, ())
    begin(store, (CONVOLVING,), digits, progress)
    assert killed
    pd.testing.assert_frame_equal(rows(store, (CONVOLVING,)), rows(whole, (CONVOLVING,)))
