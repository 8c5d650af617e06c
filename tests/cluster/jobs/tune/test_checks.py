"""What a run's own kind would refuse is refused before a sweep starts, and nothing is checked twice."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.checks import check_runs
from outvoted.cluster.jobs.tune.kind import TUNE
from outvoted.search.errors import OutvotedError

VARY: dict[str, Any] = {
    "search.patience": [10, 20],
    "panel.training.epochs": [1, 2],
    "data.name": ["mnist", "mnist-sample"],
}


class Prepared:
    """Stands for the checks of `outvoted mine`; one of them refuses."""

    def __init__(self) -> None:
        self.epochs = list[int]()

    def __call__(self, job: Any, record: RunRecord, data: Dataset, console: Console) -> None:
        self.epochs.append(job.config.panel.training.epochs)
        console.print("weights were found")
        if job.config.panel.training.epochs == 3:
            raise OutvotedError("fewer epochs", "3", "lower them")


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> Prepared:
    found = Prepared()
    monkeypatch.setattr(MINE, "prepare", found)
    monkeypatch.setattr(MINE, "load", lambda config: digits)
    return found


def _checked(vary: dict[str, Any], digits: Dataset, record: RunRecord, tmp_path: Path) -> str:
    config = TuneConfig.model_validate({"mine": {}, "vary": vary, "objectives": "success"})
    said = Console(file=io.StringIO(), width=200)
    job = Job(TUNE, config, RunFolder(tmp_path / "sweep"))
    check_runs(MINE, job, config.space(), record, digits, said)
    assert isinstance(said.file, io.StringIO)
    return said.file.getvalue()


def test_a_panel_is_checked_once_for_all_trials_that_have_it(
    prepared: Prepared, digits: Dataset, record: RunRecord, tmp_path: Path
) -> None:
    said = _checked(VARY, digits, record, tmp_path)
    assert sorted(prepared.epochs) == [1, 1, 2, 2]  # for each of two data sets
    assert said == "weights were found\n"


def test_what_one_trial_would_be_refused_for_is_said_with_its_values(
    prepared: Prepared, digits: Dataset, record: RunRecord, tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError, match="epochs=3"):
        _checked({**VARY, "panel.training.epochs": [1, 3]}, digits, record, tmp_path)
