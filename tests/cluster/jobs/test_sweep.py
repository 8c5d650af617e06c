"""Sweeps on Ray from end to end: cut off, extended, grouped otherwise, the rows are those of a clean run."""

import io
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import ray
import yaml
from rich.console import Console

from outvoted.actors.networks import members
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, STOPPED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.kind import SWEEP
from outvoted.cluster.jobs.sweep.trials import ended
from outvoted.search.errors import OutvotedError
from tests.cluster.command_line.test_cli import OUTVOTED, _heed_ctrl_c

pytestmark = pytest.mark.ray

Sweep = Callable[..., tuple[SweepStore, str]]
EPOCHS = 16
FEW = ("--set", "experiment.temperatures=[2]", "--set", "seeds=[1]")
"""One network of the four."""
NOISE = (
    "experiment={kind: noise-class, network: {kind: mlp, hidden: 8}, selections: [hc+ls], beside: null, "
    "noises: [], fractions: [0.5, 0.001], step: {samples: 100, evaluations: 1, seeds: [0]}}",
    "training.epochs=1",
)


@pytest.fixture(scope="module")
def config(small: Path) -> Path:
    """The file of a small sweep: 800 digits, two temperatures, two seeds, a checkpoint after each epoch."""
    values = {
        "data": yaml.safe_load(small.read_text())["data"],
        "experiment": {
            "kind": "temperature",
            "network": {"kind": "mlp", "hidden": 8, "activation": "sigmoid"},
            "temperatures": [0.5, 2],
            "pixels": 1,
        },
        "training": {"epochs": EPOCHS, "batch_size": 20},
        "seeds": [0, 1],
        "trial": {"checkpoint_seconds": 0},
    }
    file = small.parent / "sweep.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.fixture(scope="module")
def swept(local_ray: None, runs: Path, config: Path) -> Sweep:
    """Sweep: ``swept(name, *overrides, resume=False)``; returns the store, and what was said."""

    def run(name: str, *overrides: str, resume: bool = False) -> tuple[SweepStore, str]:
        settings = read(SweepConfig, config, overrides)
        store = SweepStore(runs / name, settings.experiment.fields())
        said = Console(file=io.StringIO(), width=200)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(SWEEP), "report", lambda *_: Report({}, []))  # drawing takes its time
            launch(Job(SWEEP, settings, RunFolder(store.path), resume=resume), said)
        assert isinstance(said.file, io.StringIO)
        return store, said.file.getvalue()

    return run


@pytest.fixture(scope="module")
def clean(swept: Sweep) -> SweepStore:
    """A sweep that nothing happened to."""
    return swept("clean-sweep")[0]


def rows(store: SweepStore) -> pd.DataFrame:
    return open_sweep(OpenedRun(RunFolder(store.path))).trials.drop(columns="seconds")


def assert_same(one: SweepStore, other: SweepStore) -> None:
    """Fail unless both sweeps have the same rows, votes and networks, and no unit is still under way."""
    pd.testing.assert_frame_equal(rows(one), rows(other), check_exact=True)
    for unit in open_sweep(OpenedRun(RunFolder(one.path))).units:
        assert one.votes(unit.name).equals(other.votes(unit.name))
        hashes = [members.load(store.networks(unit.name))[0].sha256 for store in (one, other)]
        assert hashes[0] == hashes[1]
    for store in (one, other):
        assert not list((store.path / "checkpoints").glob("*"))


def test_a_sweep_trains_every_unit_to_its_end(clean: SweepStore) -> None:
    opened = open_sweep(OpenedRun(RunFolder(clean.path)))
    assert [unit.name for unit in opened.finished] == [
        f"{setting}.seed-{seed}" for setting in ("T0.5", "T2") for seed in (0, 1)
    ]
    found = opened.trials
    assert len(found) == 4 * EPOCHS
    assert set(found["outcome"]) == {FINISHED}
    assert found.groupby("setting")["test_accuracy"].max().min() > 0.6
    assert opened.record.state == State.FINISHED


def test_a_sweep_leaves_what_it_says(clean: SweepStore) -> None:
    left = {path.name for path in clean.path.iterdir()}
    assert left - {"checkpoints"} == {"run.json", "trials", "votes", "networks", "tb", "tune", "summary.json"}
    assert {path.name for path in clean.folder.tensorboard.iterdir()} == set(clean.outcomes())


@pytest.mark.timeout(900)  # its commands take half of that where others leave them a tenth of a core
def test_killed_extended_cut_off_and_trained_together_it_ends_as_a_clean_one(
    swept: Sweep, clean: SweepStore, config: Path, runs: Path
) -> None:
    store = SweepStore(runs / "cut-sweep", open_sweep(OpenedRun(RunFolder(clean.path))).experiment.fields())
    _, _, code = _cut(config, store, signal.SIGKILL, "checkpoints/T*", *FEW)
    assert code == -signal.SIGKILL
    assert store.folder.read_record().state == State.RUNNING
    shown, said, code = _cut(config, store, signal.SIGINT, "trials/T*", "--resume")
    assert code == 130
    assert said.strip().startswith("Interrupted; what was done is kept in")
    lines = [line.partition("Z ")[2] for line in shown.splitlines() if line.strip()]  # behind the time
    begun = [line.startswith("epochs ") for line in lines].index(True)
    expected = "epochs ", "warning: stalled for ", "warning: the run goes on"  # where others leave it no core
    assert [line for line in lines[begun:] if not line.startswith(expected)] == []
    assert store.folder.read_record().state == State.INTERRUPTED
    assert 0 < len(store.outcomes()) < 4
    before = {path: path.stat().st_mtime_ns for path in (store.path / "trials").iterdir()}
    swept("cut-sweep", "trial.settings=2", resume=True)
    assert_same(store, clean)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_trials_that_lag_behind_are_stopped(swept: Sweep) -> None:
    settings = ("experiment.temperatures=[0.5, 1, 0.25, 300, 400, 500]", "seeds=[0]", "training.epochs=8")
    store, _ = swept("asha", *settings, "experiment.pixels=0", "stopping.rule=asha", "stopping.grace=2")
    found = store.trials(store.outcomes())
    stopped = found[found["outcome"] == STOPPED].groupby("setting")["epoch"]
    assert len(stopped) > 0
    assert (stopped.max() < 8).all()
    assert (stopped.max() == stopped.size()).all()
    assert {"T0.5", "T1", "T0.25"} & set(found[found["outcome"] == FINISHED]["setting"])
    assert not list((store.path / "checkpoints").glob("*"))


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(swept: Sweep) -> None:
    store, said = swept("failing", "seeds=[0]", *NOISE)
    outcomes = store.outcomes()
    assert [unit for unit, outcome in outcomes.items() if outcome == FAILED] == ["hc+ls-0.001.seed-0"]
    assert len(outcomes) == 3
    reason = store.trials(["hc+ls-0.001.seed-0"])["reason"][0]
    assert "Traceback" in reason
    assert "select a larger fraction" in reason
    assert "1 of 3 networks failed, hc+ls-0.001.seed-0 among them" in said
    assert ended(store) == outcomes.keys() - {"hc+ls-0.001.seed-0"}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [(FAILED, "it failed: ValueError: why"), (STOPPED, "it was stopped before its last epoch")],
)
def test_a_stage_whose_images_nobody_sorts_is_not_begun(
    outcome: str, said: str, swept: Sweep, monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    def fail(work: object, data: object, votes: object, recorder: object, folder: Path, *_: object) -> None:
        store = SweepStore(folder, read(SweepConfig, runs / "none.yaml").experiment.fields())
        unmeasured = {"setting": "all", "seed": 0, "epoch": 0}
        store.write_unit("all.seed-0", [unmeasured], outcome, "Traceback\n  ...\nValueError: why\n")

    (runs / "none.yaml").write_text("experiment: {kind: noise-class}")
    monkeypatch.setattr("outvoted.cluster.jobs.sweep.tuning.run_trials", fail)
    with pytest.raises(OutvotedError, match=said) as told:
        swept(f"unsorted-{outcome}", *NOISE)
    assert "votes of all.seed-0" in told.value.expected


def test_a_sweep_goes_on_only_as_it_was_configured(swept: Sweep, clean: SweepStore) -> None:
    for change in ("training.epochs=26", "experiment.pixels=0", "experiment.network.hidden=9"):
        with pytest.raises(OutvotedError, match=change.split("=")[0]):
            swept("clean-sweep", change, resume=True)
    with pytest.raises(OutvotedError, match="--resume"):
        swept("clean-sweep")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("trial.num_gpus=1", r"trial\.num_gpus"),
        ("trial.num_cpus=1000", r"trial\.num_cpus"),
        (f"seeds={list(range(19_000))}", "fewer seeds at a time"),
    ],
    ids=["gpus", "cpus", "memory"],
)
def test_what_the_machines_lack_leaves_no_trace(change: str, said: str, swept: Sweep, runs: Path) -> None:
    with pytest.raises(OutvotedError, match=said):
        swept("greedy-sweep", change)
    assert not (runs / "greedy-sweep").exists()


def _command(config: Path, store: SweepStore, *more: str) -> list[str]:
    address = ray.get_runtime_context().gcs_address
    named = ["--name", store.path.name, "--runs", store.path.parent, "--address", address]
    return [str(part) for part in (*OUTVOTED, "sweep", config, *named, *more)]


def _cut(config: Path, store: SweepStore, by: signal.Signals, left: str, *more: str) -> tuple[str, str, int]:
    """Sweep in a process of its own, until it has left something (a pattern); return what it said."""
    began = time.time()
    process = subprocess.Popen(
        _command(config, store, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,
    )
    try:
        while not any(_written(path) > began for path in store.path.glob(left)):
            assert process.poll() is None, f"it ended before it was cut off: {process.communicate()}"
            time.sleep(0.005)
        process.send_signal(by)
        said = process.communicate()
    finally:
        process.kill()
    return *said, process.returncode


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
