"""Sweeps over healing and studies, end to end: trials that lag end early, and are runs that can go on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.actors.sweeps.tuned_store import FINISHED, STOPPED, TrialRow, TunedStore
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.kind import TUNE
from outvoted.cluster.jobs.tune.places import run_folder

pytestmark = pytest.mark.ray

NETWORKS = [{"kind": "mlp", "hidden": hidden} for hidden in (6, 12)]
Tuned = Callable[..., tuple[RunFolder, Sequence[TrialRow]]]


@pytest.fixture(scope="module")
def tuned(local_ray: None, runs: Path) -> Tuned:
    """Sweep: ``tuned(name, **keys)``; returns its folder and its trials."""

    def run(name: str, **keys: Any) -> tuple[RunFolder, Sequence[TrialRow]]:
        store, config = RunFolder(runs / name), TuneConfig.model_validate(keys)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(TUNE), "report", lambda *_: Report({}, []))  # drawing takes its time
            launch(Job(TUNE, config, store), Console(quiet=True))
        return store, TunedStore(store.path).read()

    return run


@pytest.fixture(scope="module")
def heal(small: Path) -> Mapping[str, Any]:
    """A base of two rounds, without controls of any size."""
    return {
        "data": yaml.safe_load(small.read_text())["data"],
        "panel": {"networks": NETWORKS, "training": {"epochs": 4}},
        "referee": None,
        "search": {"per_target": 6, "patience": 30},
        "heal": {"rounds": 2, "epochs": 1, "seeds": [0], "steady": 0},
    }


def test_a_trial_that_lags_is_stopped_after_a_round_and_can_go_on(
    tuned: Tuned, heal: Mapping[str, Any]
) -> None:
    sweep, (good, bad) = tuned(
        "tuned-healing",
        heal=heal,
        vary={"heal.weight": [1, 1000]},
        objectives="clean_accuracy",
        stopping={"rule": "asha", "grace": 2, "reduction": 2},
        parallel=1,
    )
    assert (good.outcome, good.milestones, good.milestones_of) == (FINISHED, 3, 3)
    assert (bad.outcome, bad.milestones, bad.milestones_of) == (STOPPED, 2, 3)
    folder = run_folder(sweep.path, "trial-0001")
    assert folder.read_record().state == State.INTERRUPTED
    assert set(HealStore(folder.path).rounds()["round"]) == {0, 1}


def test_a_study_is_swept_as_any_run(tuned: Tuned) -> None:
    study = {
        "data": {"name": "iris"},
        "study": {"kind": "interpolation", "groups": 2, "points": 3},
        "panel": {"networks": NETWORKS, "training": {"epochs": 3}},
    }
    sweep, trials = tuned("tuned-study", study=study, vary={"study.points": [3, 4]}, objectives="dissent")
    assert [trial.outcome for trial in trials] == [FINISHED] * 2
    assert run_folder(sweep.path, "trial-0001").read_record().state == State.FINISHED
