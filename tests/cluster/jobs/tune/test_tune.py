"""A sweep of keys, end to end: its runs are ordinary ones, made once, whatever happens meanwhile."""

import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from rich.progress import Progress

from outvoted.actors.data import datasets
from outvoted.actors.runs.fence import FILE as LOCK
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, TrialRow, TunedStore
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.in_process.base import Making
from outvoted.cluster.jobs.in_process.mining import MiningInProcess
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.kind import TUNE
from outvoted.cluster.jobs.tune.places import RUNS, run_folder
from outvoted.cluster.jobs.tune.sweeping import Sweeping, TuneFigures
from outvoted.cluster.jobs.tune.watched import WatchedSweep
from tests.cluster.jobs.in_process.shelves import FolderShelf
from tests.cluster.rows import assert_same_rows

pytestmark = pytest.mark.ray

Tuned = Callable[..., tuple[RunFolder, str]]
FIRST, ALL = "replicates={seeds: [0], keys: [search.seed]}", "replicates={seeds: [0, 1], keys: [search.seed]}"
ALONE = "parallel=1"  # a process less to start


@dataclass(frozen=True)
class Images:
    """Two folders of the same digits, the first of which can be hidden."""

    folders: tuple[Path, Path]

    def vary(self, *patience: int) -> str:
        """Vary patience, and which folder is read."""
        return f"vary={{search.patience: {list(patience)}, data.path: {list(map(str, self.folders))}}}"


@dataclass(frozen=True)
class History:
    """A sweep that began small, cut off, and went on larger.

    Attributes:
        begun: it as it ended without being cut off, and what was said.
        cut: it as it was cut off, with one trial that had failed, one that was recorded, and one that was not
            yet, and gone on with.
        kept: the files of runs that were there when it was cut off, and when they were written.
    """

    begun: RunFolder
    said: str
    cut: RunFolder
    kept: dict[Path, int]


@pytest.fixture(scope="module")
def images(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Images:
    other = tmp_path_factory.mktemp("images") / "digits"
    shutil.copytree(digits_folder, other)
    return Images((other, digits_folder))


@pytest.fixture(scope="module")
def tuned(local_ray: None, runs: Path, small: Path) -> Tuned:
    """Sweep: ``tuned(name, *overrides, resume=False)``; returns its folder, and what was said."""
    base = yaml.safe_load(small.read_text())
    base["search"]["per_target"] = 20
    file = small.parent / "tune.yaml"
    objectives = ["success", "mistakes_per_1000"]
    file.write_text(
        yaml.safe_dump({"mine": base, "vary": {"search.patience": [10]}, "objectives": objectives})
    )

    def run(name: str, *overrides: str, resume: bool = False) -> tuple[RunFolder, str]:
        store = RunFolder(runs / name)
        said = Console(file=io.StringIO(), width=200)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(TUNE), "report", lambda *_: Report({}, []))  # drawing takes its time
            launch(Job(TUNE, read(TuneConfig, file, overrides), store, resume=resume), said)
        assert isinstance(said.file, io.StringIO)
        return store, " ".join(said.file.getvalue().split())

    return run


@pytest.fixture(scope="module")
def clean(tuned: Tuned, images: Images) -> RunFolder:
    """A sweep that nothing happened to: six trials of two runs each, on two processes."""
    return tuned("clean-tune", images.vary(10, 20, 30), ALL, "parallel=2")[0]


@pytest.fixture(scope="module")
def history(tuned: Tuned, images: Images, clean: RunFolder, runs: Path) -> History:
    """Another one, to which much happened: its images were gone for a while, and it was cut off."""
    cut, hidden = RunFolder(runs / "cut-tune"), images.folders[0].with_name("hidden")
    run, ended = Sweeping.run, WatchedSweep.ended

    def without(sweeping: Sweeping, progress: Progress) -> None:
        images.folders[0].rename(hidden)
        run(sweeping, progress)

    def copied(watched: WatchedSweep, row: TrialRow) -> None:
        if row.number == 3:
            shutil.copytree(runs / "begun-tune", cut.path)
        ended(watched, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sweeping, "run", without)
        patch.setattr(WatchedSweep, "ended", copied)
        begun, said = tuned("begun-tune", images.vary(10, 20), FIRST, ALONE)
    hidden.rename(images.folders[0])
    for table in ("points", "scores"):
        (cut.path / table / "trial-0003.parquet").unlink()  # as if killed before it was recorded
    (cut.path / LOCK).unlink()
    kept = {path: path.stat().st_mtime_ns for path in cut.path.glob(f"{RUNS}/*/searches/*.parquet")}
    assert cut.read_record().state == State.RUNNING
    tuned("cut-tune", images.vary(10, 20, 30), ALL, ALONE, resume=True)
    return History(begun, said, cut, kept)


def trials(sweep: RunFolder) -> Sequence[TrialRow]:
    return TunedStore(sweep.path).read()


def found(sweep: RunFolder) -> list[tuple[object, ...]]:
    """Return all of the trials that is not time."""
    return [(row.number, row.point, row.outcome, row.milestones, row.scores) for row in trials(sweep)]


def trained(sweep: RunFolder) -> int:
    return TuneFigures.of(sweep.read_record()).trained


def test_a_trial_of_each_point_ends_with_its_scores_and_those_of_its_runs(clean: RunFolder) -> None:
    assert clean.read_record().figures["remarks"] == [], "nothing to say of the order of trials"
    assert clean.read_record().state == State.FINISHED
    assert [row.outcome for row in trials(clean)] == [FINISHED] * 6
    scores = {score.run: score.value for score in trials(clean)[2].scores if score.measure == "success"}
    assert scores.keys() == {None, "trial-0002-seed-0", "trial-0002-seed-1"}
    assert all(value is not None and 0 < value <= 1 for value in scores.values())


def test_a_trials_run_is_the_run_of_its_configuration(
    clean: RunFolder, runs: Path, small: Path, images: Images
) -> None:
    path = f"data.path={images.folders[1]}"
    settings = read(MineConfig, small, ("search.per_target=20", "search.patience=20", "search.seed=1", path))
    data = datasets.load(settings.data)
    ordinary, trial = RunFolder(runs / "as-trial"), run_folder(clean.path, "trial-0003-seed-1")
    config = settings.settled(data.shape[0])
    MiningInProcess().make(Making(config, ordinary, data, FolderShelf(runs / ".panels")))
    assert trial.read_record().config == ordinary.read_record().config
    assert_same_rows(trial, ordinary)
    recorded = TUNE.recorded(clean, clean.read_record())
    assert [one.run for one in recorded] == [f"trial-000{n}-seed-{seed}" for n in range(6) for seed in (0, 1)]


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(history: History, images: Images) -> None:
    assert [row.outcome for row in trials(history.begun)] == [FAILED, FINISHED, FAILED, FINISHED]
    assert str(images.folders[0]) in str(trials(history.begun)[0].reason)
    assert "2 of 4 trials failed" in history.said
    assert history.begun.read_record().state == State.FINISHED


def test_cut_off_and_extended_a_sweep_ends_as_a_clean_one(history: History, clean: RunFolder) -> None:
    """What had failed is tried again; more values and more seeds are added to what there was."""
    assert found(history.cut) == found(clean)
    for folder in (clean.path / RUNS).iterdir():
        assert_same_rows(run_folder(history.cut.path, folder.name), run_folder(clean.path, folder.name))


def test_extended_a_sweep_trains_no_panel_and_makes_no_run_again(history: History) -> None:
    assert trained(history.begun) == trained(history.cut) == 0
    assert len(history.kept) == 2
    assert history.kept == {path: path.stat().st_mtime_ns for path in history.kept}
