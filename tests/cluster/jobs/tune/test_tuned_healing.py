"""A sweep over healing, end to end: a trial that lags ends early, and is a run that can go on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.actors.sweeps.tuned_store import FINISHED, STOPPED, TunedStore
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.in_process import maker_of
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.tune import BASES, TuneConfig
from outvoted.cluster.jobs.tune.kind import TUNE
from outvoted.cluster.jobs.tune.places import run_folder

NETWORKS = [{"kind": "mlp", "hidden": hidden} for hidden in (6, 12)]


@pytest.fixture(scope="module")
def heal(small: Path) -> Mapping[str, Any]:
    """A base of two short rounds."""
    return {
        "data": yaml.safe_load(small.read_text())["data"],
        "panel": {"networks": NETWORKS, "training": {"epochs": 4}},
        "referee": None,
        "search": {"per_target": 6, "patience": 30},
        "heal": {"rounds": 2, "epochs": 1, "seeds": [0], "steady": 0},
    }


@pytest.mark.ray
def test_a_trial_that_lags_is_stopped_after_a_round_and_can_go_on(
    local_ray: None, runs: Path, heal: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(TUNE), "report", lambda *_: Report({}, []))  # drawing takes its time
    keys = {
        "heal": heal,
        "vary": {"heal.weight": [1, 1000]},
        "objectives": "clean_accuracy",
        "stopping": {"rule": "asha", "grace": 2, "reduction": 2},
        "parallel": 1,
    }
    sweep = RunFolder(runs / "tuned-healing")
    launch(Job(TUNE, TuneConfig.model_validate(keys), sweep), Console(quiet=True))
    good, bad = TunedStore(sweep.path).read()
    assert (good.outcome, good.milestones, good.milestones_of) == (FINISHED, 3, 3)
    assert (bad.outcome, bad.milestones, bad.milestones_of) == (STOPPED, 2, 3)
    folder = run_folder(sweep.path, "trial-0001")
    assert folder.read_record().state == State.INTERRUPTED
    assert set(HealStore(folder.path).rounds()["round"]) == {0, 1}


@pytest.mark.parametrize("kind", BASES)
def test_every_kind_whose_keys_can_be_varied_is_made_in_one_process(kind: str) -> None:
    assert maker_of(kind) is maker_of(kind)
