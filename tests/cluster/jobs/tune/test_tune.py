"""A sweep of keys, end to end: its runs are ordinary ones, made once, whatever happens meanwhile."""

import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import ray
import yaml
from rich.console import Console
from rich.progress import Progress

from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, TrialRow, TunedStore
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.kind import TUNE
from outvoted.cluster.jobs.tune.places import RUNS, run_folder
from outvoted.cluster.jobs.tune.sweeping import Sweeping, TuneFigures
from tests.cluster.command_line.test_cli import OUTVOTED
from tests.cluster.conftest import Mine
from tests.cluster.rows import assert_same_rows

pytestmark = pytest.mark.ray

ALONE = "parallel=1"  # a process less to start
Tuned = Callable[..., tuple[RunFolder, str]]


@pytest.fixture(scope="module")
def file(small: Path) -> Path:
    """Three values of patience: three trials of the small panel."""
    base = yaml.safe_load(small.read_text())
    base["search"]["per_target"] = 20
    values = {
        "mine": base,
        "vary": {"search.patience": [10, 30, 60]},
        "objectives": ["success", "mistakes_per_1000"],
        "parallel": 2,
    }
    path = small.parent / "tune.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture(scope="module")
def tuned(local_ray: None, runs: Path, file: Path) -> Tuned:
    """Sweep: ``tuned(name, *overrides, resume=False)``; returns its folder, and what was said."""

    def run(name: str, *overrides: str, resume: bool = False) -> tuple[RunFolder, str]:
        store = RunFolder(runs / name)
        said = Console(file=io.StringIO(), width=200)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(TUNE), "report", lambda *_: Report({}, []))  # drawing takes its time
            launch(Job(TUNE, read(TuneConfig, file, overrides), store, resume=resume), said)
        assert isinstance(said.file, io.StringIO)
        return store, said.file.getvalue()

    return run


@pytest.fixture(scope="module")
def clean(tuned: Tuned) -> RunFolder:
    """A sweep that nothing happened to."""
    return tuned("clean-tune")[0]


def trials(sweep: RunFolder) -> Sequence[TrialRow]:
    return TunedStore(sweep.path).read()


def found(sweep: RunFolder) -> list[tuple[object, ...]]:
    """Return all of the trials that is not time."""
    return [(row.number, row.point, row.outcome, row.scores) for row in trials(sweep)]


def trained(sweep: RunFolder) -> int:
    return TuneFigures.of(sweep.read_record()).trained


def test_a_trial_of_each_point_ends_with_its_scores(clean: RunFolder) -> None:
    assert clean.read_record().figures["remarks"] == [], "nothing to say of the order of trials"
    assert clean.read_record().state == State.FINISHED
    assert [row.outcome for row in trials(clean)] == [FINISHED] * 3
    values = {score.measure: score.value for score in trials(clean)[2].scores}
    assert values["success"] is not None
    assert 0 < values["success"] <= 1


def test_a_trial_is_the_run_of_its_configuration(clean: RunFolder, mined: Mine) -> None:
    ordinary = mined("as-trial", "search.per_target=20", "search.patience=30")
    trial = run_folder(clean.path, "trial-0001")
    assert_same_rows(trial, ordinary)
    recorded = TUNE.recorded(clean, clean.read_record())
    assert [one.run for one in recorded] == ["trial-0000", "trial-0001", "trial-0002"]


def test_extended_a_sweep_trains_no_panel_and_makes_no_run_again(tuned: Tuned, clean: RunFolder) -> None:
    sweep, _ = tuned("extended-tune", "vary={search.patience: [10, 30]}", ALONE)
    before = {path: path.stat().st_mtime_ns for path in sweep.path.glob(f"{RUNS}/*/searches/*.parquet")}
    counted = trained(sweep)
    tuned("extended-tune", ALONE, resume=True)
    assert found(sweep) == found(clean)
    assert trained(sweep) == counted
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_more_seeds_add_runs_to_each_trial(tuned: Tuned) -> None:
    one, vary = "replicates={seeds: [0], keys: [search.seed]}", "vary={search.patience: [10, 30]}"
    sweep, _ = tuned("replicated-tune", vary, one, ALONE)
    before = {
        path: path.stat().st_mtime_ns for path in sweep.path.glob(f"{RUNS}/*-seed-0/searches/*.parquet")
    }
    tuned("replicated-tune", vary, one.replace("[0]", "[0, 1]"), ALONE, resume=True)
    assert len(list((sweep.path / RUNS).iterdir())) == 4
    assert before == {path: path.stat().st_mtime_ns for path in before}
    each = [score for score in trials(sweep)[0].scores if score.measure == "success"]
    assert {score.run for score in each} == {None, "trial-0000-seed-0", "trial-0000-seed-1"}


def test_a_trial_that_fails_is_recorded_and_tried_again(
    tuned: Tuned, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, gone, run = tmp_path / "digits", tmp_path / "gone", Sweeping.run
    shutil.copytree(digits_folder, there)
    vary = f"vary={{search.patience: [10], data.path: ['{digits_folder}', '{there}']}}"

    def without(sweeping: Sweeping, progress: Progress) -> None:
        there.rename(gone)
        run(sweeping, progress)

    with monkeypatch.context() as patch:
        patch.setattr(Sweeping, "run", without)
        sweep, said = tuned("failing-tune", vary, ALONE)
    assert [row.outcome for row in trials(sweep)] == [FINISHED, FAILED]
    assert str(there) in str(trials(sweep)[1].reason)
    assert "1 of 2 trials failed" in " ".join(said.split())
    assert sweep.read_record().state == State.FINISHED
    before = (sweep.path / "points" / "trial-0000.parquet").stat().st_mtime_ns
    gone.rename(there)
    tuned("failing-tune", vary, ALONE, resume=True)
    assert [row.outcome for row in trials(sweep)] == [FINISHED, FINISHED]
    assert (sweep.path / "points" / "trial-0000.parquet").stat().st_mtime_ns == before


def test_killed_a_sweep_ends_as_a_clean_one(tuned: Tuned, clean: RunFolder, file: Path, runs: Path) -> None:
    sweep = RunFolder(runs / "cut-tune")
    command = [*OUTVOTED, "sweep", str(file), "--name", "cut-tune", "--runs", str(runs), "--address"]
    command.append(ray.get_runtime_context().gcs_address)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((sweep.path / "points").glob("*.parquet")):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(trials(sweep)) < 3
    tuned("cut-tune", resume=True)
    assert found(sweep) == found(clean)
    for name in ("trial-0000", "trial-0001", "trial-0002"):
        assert_same_rows(run_folder(sweep.path, name), run_folder(clean.path, name))
