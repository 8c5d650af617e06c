"""Healing on Ray from end to end: cut off or not, the rows are those of an undisturbed run."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.data import datasets
from outvoted.actors.healing.arms import ARMS, Arm, Step
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.networks import members
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.runs.run_folder import State
from outvoted.analysis.healing.healing import summarise_healing
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.heal.kind import HEAL
from outvoted.cluster.jobs.heal.networks import repeated
from outvoted.cluster.jobs.in_process.base import Heard, Making
from outvoted.cluster.jobs.in_process.healing import HealingInProcess
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.labelled import labelled
from outvoted.search.errors import OutvotedError
from tests.cluster.jobs.in_process.shelves import FolderShelf

pytestmark = pytest.mark.ray

Heal = Callable[..., tuple[HealStore, Report]]


@pytest.fixture(scope="module")
def config(small: Path) -> Path:
    """The file of a small configuration: two rounds, two repeats, eight searches for each target."""
    values = yaml.safe_load(small.read_text())
    values["panel"]["training"]["epochs"] = 3
    values["search"] = {"per_target": 8, "patience": 40}
    values["heal"] = {"rounds": 2, "epochs": 1, "seeds": [0, 4], "steady": 0}
    del values["cluster"]
    file = small.parent / "heal.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.fixture(scope="module")
def healed(local_ray: None, runs: Path, config: Path) -> Heal:
    """Heal by the small configuration: ``healed(name, *overrides, resume=False)``."""

    def run(name: str, *overrides: str, resume: bool = False) -> tuple[HealStore, Report]:
        store = HealStore(runs / name)
        job = Job(HEAL, read(HealConfig, config, overrides), store.folder, resume=resume)
        return store, launch(job, Console(quiet=True))

    return run


@pytest.fixture(scope="module")
def uncut(healed: Heal) -> HealStore:
    """A run that nothing happened to."""
    return healed("uncut")[0]


def assert_same_rounds(one: HealStore, other: HealStore, repeat: int) -> None:
    """Fail unless both runs recorded the same figures, weights and mistakes in a repeat."""
    left, right = (store.rounds().drop(columns="seconds") for store in (one, other))
    assert len(left[left["repeat"] == repeat]) > 0
    pd.testing.assert_frame_equal(left[left["repeat"] == repeat], right[right["repeat"] == repeat])
    names = sorted(path.name for path in (one.path / "mistakes").glob(f"{repeat}-*"))
    assert names == sorted(path.name for path in (other.path / "mistakes").glob(f"{repeat}-*")) != []
    for name in names:
        tables = [pq.read_table(store.path / "mistakes" / name) for store in (one, other)]
        assert tables[0].equals(tables[1])


def test_every_arm_of_every_repeat_runs_every_round(uncut: HealStore) -> None:
    rows = uncut.rounds()
    steps = {(row.repeat, row.arm, row.round) for row in rows.itertuples()}
    started = {(repeat, "start", 0) for repeat in (0, 4)}
    arms = {(repeat, str(arm), number) for repeat in (0, 4) for arm in ARMS for number in (1, 2)}
    assert steps == started | arms
    assert len(rows) == 3 * len(steps)
    assert uncut.folder.read_record().state == State.FINISHED
    assert uncut.folder.read_record().kind == "heal"


def test_arms_take_equal_steps_and_add_equally_much(uncut: HealStore) -> None:
    rows = uncut.rounds()
    grouped = rows[rows["arm"] != "start"].groupby(["repeat", "round", "target"])
    assert (grouped[["gradient_steps", "added"]].nunique() == 1).all(axis=None)
    assert (grouped["sha256"].nunique() > 1).any()


def test_what_is_added_was_mined_in_the_mistakes_arm(uncut: HealStore) -> None:
    rows = {
        (row["repeat"], row["arm"], row["round"], row["target"]): row
        for row in uncut.rounds().to_dict("records")
    }
    for repeat in (0, 4):
        for target in range(3):
            first = rows[repeat, "start", 0, target]["mistakes"]
            second = rows[repeat, "mistakes", 1, target]["mistakes"]
            for arm in ARMS:
                added = [rows[repeat, str(arm), number, target]["added"] for number in (1, 2)]
                assert added == [first, first + second]


def test_repeats_are_panels_of_their_own(uncut: HealStore) -> None:
    hashes = [{m.sha256 for m in members.load(uncut.weights(Step(s, Arm.START, 0)))} for s in (0, 4)]
    assert len(hashes[0] | hashes[1]) == 6
    seeds = [repeated(PanelSettings(), seed).training.seed for seed in (0, 1, 2)]
    assert seeds == [0, 5, 10]


def test_a_run_leaves_report_weights_and_monitor(uncut: HealStore) -> None:
    left = {path.name for path in uncut.path.iterdir()}
    expected = {"run.json", "rounds", "mistakes", "weights", "referee", "tb", "summary.json", "healing.png"}
    assert left == expected
    assert {path.name for path in uncut.folder.tensorboard.iterdir()} == {
        f"{arm}-{repeat}" for arm in Arm for repeat in (0, 4)
    }
    events = EventAccumulator(str(uncut.folder.tensorboard / "mistakes-0"))
    events.Reload()
    assert [point.step for point in events.Scalars("success/mean")] == [1, 2]


def test_a_longer_run_equals_one_that_was_never_cut(healed: Heal, uncut: HealStore) -> None:
    store, _ = healed("longer", "heal.rounds=1", "heal.seeds=[0]")
    recorded = {path: path.stat().st_mtime_ns for path in (store.path / "rounds").iterdir()}
    healed("longer", "heal.seeds=[0]", resume=True)
    assert_same_rounds(store, uncut, repeat=0)
    assert {path: path.stat().st_mtime_ns for path in recorded} == recorded


def test_a_step_that_was_lost_is_run_again(healed: Heal, uncut: HealStore) -> None:
    lost = uncut.path / "rounds" / f"{Step(4, Arm.MISTAKES, 1).name}.parquet"
    before = pq.read_table(lost).drop_columns(["seconds"])
    lost.unlink()
    healed("uncut", resume=True)
    assert pq.read_table(lost).drop_columns(["seconds"]).equals(before)


def test_what_one_process_leaves_its_command_ends_as_if_it_had_begun_it(
    healed: Heal, uncut: HealStore, runs: Path, config: Path
) -> None:
    store = HealStore(runs / "stopped")
    assert not HealingInProcess().make(making(config, store, lambda milestone: milestone.number < 2))
    left, command = ({path.name for path in folder.path.iterdir()} for folder in (store, uncut))
    assert left == command - {"summary.json", "healing.png"}
    here, there = (folder.folder.read_record() for folder in (store, uncut))
    assert (here.kind, here.config, here.data) == (there.kind, there.config, there.data)
    assert (here.state, set(store.rounds()["round"])) == (State.INTERRUPTED, {0, 1})
    healed("stopped", resume=True)
    for repeat in (0, 4):
        assert_same_rounds(store, uncut, repeat)


def making(config: Path, store: HealStore, heard: Heard | None = None) -> Making[HealConfig]:
    """Return a run by the small configuration, with networks that a run on Ray has trained."""
    wanted = read(HealConfig, config)
    data = datasets.load(wanted.data)
    shelf = FolderShelf(store.folder.panels)
    return Making(wanted.settled(data.shape[0]), store.folder, data, shelf, heard)


def test_it_stops_once_the_success_rate_is_steady(healed: Heal) -> None:
    settings = ("heal.rounds=4", "heal.least=1", "heal.steady=1", "heal.seeds=[0]", "search.per_target=2")
    store, _ = healed("steady", *settings)
    summary = summarise_healing(store)
    assert summary.rounds == 2
    assert summary.steady["mistakes"] == 0


def test_a_run_goes_on_only_as_it_was_configured(healed: Heal, uncut: HealStore) -> None:
    for change in ("heal.weight=2", "search.per_target=9"):
        with pytest.raises(OutvotedError, match=change.split("=")[0]):
            healed("uncut", change, resume=True)


def test_more_cpus_than_there_are_leave_no_trace(healed: Heal, runs: Path) -> None:
    with pytest.raises(OutvotedError, match=r"cluster\.num_cpus=1000"):
        healed("greedy", "cluster.num_cpus=1000")
    assert not (runs / "greedy").exists()


def test_what_people_reject_is_not_trained_on(healed: Heal) -> None:
    settings = ("heal.seeds=[0]", "heal.labels=relabel")
    store, _ = healed("people", *settings, "heal.rounds=0")
    (task,) = HEAL.recorded(store.folder, store.folder.read_record())
    start = store.units.read("mistakes", Step(0, Arm.START, 0).name).to_pylist()
    trained_on = [row for row in start if row["arm"] == Arm.START]
    asked = labelled(OpenedRun(store.folder)).task.sequence("anna")
    shown = {one.mistake for one in asked if not one.seed}
    assert shown == {tuple(row[name] for name in task.units.forms["mistakes"].key) for row in trained_on}
    kept, other, none = trained_on[:3]
    lines = [line_of(kept, kept["label"]), line_of(other, (other["label"] + 1) % 10), line_of(none, "none")]
    store.folder.labels.mkdir()
    (store.folder.labels / "anna.csv").write_text("\n".join([LINE, *lines]) + "\n")
    _, report = healed("people", *settings, "heal.rounds=1", resume=True)
    assert report.facts == [("As people see them", "mistakes left out of round 1: 1; relabelled: 1")]
    rows = store.rounds()
    assert rows[rows["round"] == 1].groupby("arm")["added"].sum().to_dict() == {
        str(arm): len(trained_on) - 1 for arm in ARMS
    }
    believed = store.believed(1, lambda: pytest.fail("it was kept")).to_pylist()
    assert [(row["search_id"], row["label"]) for row in believed] == [
        (other["search_id"], (other["label"] + 1) % 10),
        (none["search_id"], None),
    ]
    weights = [members.load(store.weights(Step(0, Arm.MISTAKES, 1)))]
    (store.folder.labels / "anna.csv").write_text(LINE + "\n")
    (store.path / "rounds" / f"{Step(0, Arm.MISTAKES, 1).name}.parquet").unlink()
    healed("people", *settings, "heal.rounds=1", resume=True)  # takes the word it took before
    weights.append(members.load(store.weights(Step(0, Arm.MISTAKES, 1))))
    assert [member.sha256 for member in weights[0]] == [member.sha256 for member in weights[1]]


def test_labels_that_are_wrong_are_said_before_anything_starts(healed: Heal, uncut: HealStore) -> None:
    uncut.folder.labels.mkdir()
    try:
        (uncut.folder.labels / "anna.csv").write_text(f"{LINE}\n0,start,0,1,0,mistake,77\n")
        with pytest.raises(OutvotedError, match=r"line 2 of .*anna\.csv"):
            healed("uncut", "heal.labels=leave-out", resume=True)
    finally:
        shutil.rmtree(uncut.folder.labels)


LINE = "repeat,arm,round,search_id,number,shown,label"


def line_of(row: dict[str, object], label: object) -> str:
    """Write what somebody sees in a mistake of a healing run."""
    key = (row[name] for name in ("repeat", "arm", "round", "search_id", "number"))
    return ",".join(map(str, (*key, "mistake", label)))
