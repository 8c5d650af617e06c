"""Mining in one process: a run's folder is the one that `outvoted mine` leaves, whatever was mined before."""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.analysis.mining.replay import replay
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.summary import summarise
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.in_process import peers, searching
from outvoted.cluster.jobs.in_process.base import Heard, Making, Milestone, Shelf
from outvoted.cluster.jobs.in_process.mining import MiningInProcess
from outvoted.cluster.jobs.in_process.peers import ReadyPanels
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import write_idx
from tests.cluster.jobs.in_process.shelves import FolderShelf
from tests.cluster.rows import assert_same_rows, failing

Made = Callable[..., RunFolder]
FEW = "search.per_target=12"


@pytest.fixture(scope="session")
def data(small: Path) -> Dataset:
    """The 800 digits of the small configuration."""
    return datasets.load(read(MineConfig, small).data)


@pytest.fixture(scope="session")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs."""
    return tmp_path_factory.mktemp("trials")


@pytest.fixture(scope="session")
def made(trials: Path, small: Path, data: Dataset) -> Made:
    """Mine the small configuration: ``made(name, *overrides)``; what is mined one after another is shared."""
    maker, shelf = MiningInProcess(), FolderShelf(trials / ".panels")

    def make(
        name: str,
        *overrides: str,
        heard: Heard | None = None,
        by: MiningInProcess = maker,
        images: Dataset = data,
        expected: bool = True,
    ) -> RunFolder:
        store = RunFolder(trials / name)
        config = read(MineConfig, small, overrides).settled(images.shape[0])
        assert by.make(Making(config, store, images, shelf, heard)) == expected
        return store

    return make


@pytest.fixture(scope="session")
def whole(made: Made) -> RunFolder:
    """A run that nothing happened to."""
    return made("whole", FEW)


class Listening:
    """Hears milestones, until one at which it says stop, or presses Ctrl-C."""

    def __init__(self, stop: int = 0, press: int = 0) -> None:
        self.heard, self._stop, self._press = list[Milestone](), stop, press

    def __call__(self, milestone: Milestone) -> bool:
        self.heard.append(milestone)
        if milestone.number == self._press:
            raise KeyboardInterrupt
        return milestone.number != self._stop


def said(record: RunRecord) -> dict[str, object]:
    """Return what a record says but for times, who computed it, and how far bars were."""
    left_out = {"name", "created_at", "updated_at", "progress", "epoch"}
    figures = MiningFigures.of(record).model_dump(exclude={"seconds", "exactness"})
    return record.model_dump(exclude=left_out | {"figures"}) | figures


@pytest.mark.ray
def test_a_run_is_what_the_command_leaves(
    undisturbed: RunFolder, runs: Path, small: Path, data: Dataset
) -> None:
    store, config = RunFolder(runs / "sweep" / "trial", runs), read(MineConfig, small)
    shelf = FolderShelf(runs / ".panels")
    made = Making(config.settled(data.shape[0]), store, data, shelf)
    assert MiningInProcess().make(made)
    assert shelf.trainings == 0
    assert_same_rows(store, undisturbed)
    assert said(store.read_record()) == said(undisturbed.read_record())
    assert MiningFigures.of(store.read_record()).exactness.keys() == {"mlp-6", "mlp-12", "mlp-18"}
    for file in undisturbed.peers.iterdir():
        assert (store.peers / file.name).read_bytes() == file.read_bytes()
    left = {path.name for path in store.path.iterdir()}
    assert left == {"run.json", "peers", "searches", "mistakes"}


@pytest.mark.ray
def test_the_command_ends_what_was_stopped(
    local_ray: None, made: Made, whole: RunFolder, small: Path, trials: Path
) -> None:
    store = made("ended", FEW, heard=Listening(stop=4), expected=False)
    job = Job(MINE, read(MineConfig, small, [FEW]), RunFolder(trials / "ended"), resume=True)
    launch(job, Console(quiet=True))
    assert_same_rows(store, whole)
    assert store.read_record().state == State.FINISHED


def test_a_run_can_be_reported_and_replayed(whole: RunFolder) -> None:
    run = OpenedRun(whole)
    assert all(row.confirmed for row in replay(run, None))
    assert mining_report(run).tables
    assert [row.searches for row in summarise(run).targets] == [12, 12, 12]
    assert MINE.counts(whole, whole.read_record()) == whole.read_record().counts


OTHERS = {
    "moves": ("search.transform={kind: chain, parts: [affine, blur]}",),
    "strategy": ("search.strategy=gradient", "search.transform.budget.rotation=3"),
    "seeds": ("search.seed=3", "search.patience=9", "search.realism=false"),
    "panel": ("panel.networks=[{kind: mlp, hidden: 12}, {kind: mlp, hidden: 6}]", "referee=null"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_was_mined_before_changes_no_row(name: str, made: Made, whole: RunFolder) -> None:
    after = made(f"after-{name}", FEW, *OTHERS[name])
    assert_same_rows(after, made(f"alone-{name}", FEW, *OTHERS[name], by=MiningInProcess()))
    if name == "strategy":
        assert_same_rows(made(f"again-{name}", FEW), whole)


def test_seeds_that_stay_on_disk_give_the_same_rows(
    made: Made, whole: RunFolder, small: Path, digits: Dataset, tmp_path: Path
) -> None:
    for split, name in ((digits.train, "train"), (digits.test, "t10k")):
        write_idx(tmp_path / f"{name}-images-idx3-ubyte", split.images[:, 0])
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte", split.labels.astype(np.uint8))
    stored = (FEW, "data.name=idx", f"data.path={tmp_path}", "data.hold=disk")
    images = datasets.load(read(MineConfig, small, stored).data)
    assert not images.train.held
    for name in ("stored", "stored-again"):
        assert_same_rows(made(name, *stored, images=images), whole)


@pytest.mark.parametrize("at", [1, 9])
def test_a_run_that_is_cut_off_anywhere_goes_on_to_the_same_rows(
    at: int, made: Made, whole: RunFolder
) -> None:
    name, pressed = f"cut-{at}", Listening(press=at)
    with pytest.raises(KeyboardInterrupt):
        made(name, FEW, heard=pressed)
    store = RunFolder(whole.path.with_name(name))
    assert store.read_record().state == State.INTERRUPTED
    again = Listening()
    made(name, FEW, heard=again)
    assert_same_rows(store, whole)
    assert [one.number for one in again.heard] == list(range(1, 11))
    for one, other in zip(pressed.heard, again.heard, strict=False):
        assert timeless(one).equals(timeless(other))
        assert one.tables["mistakes"].equals(other.tables["mistakes"])


class Lent(Shelf):
    """Has one panel."""

    def __init__(self, found: list[Member]) -> None:
        self._found = found

    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        return self._found


def timeless(milestone: Milestone) -> pa.Table:
    return milestone.tables["searches"].drop_columns(["finished_at"])


def test_a_run_that_is_killed_before_it_says_what_it_is_begins_anew(made: Made, whole: RunFolder) -> None:
    folder = whole.path.with_name("killed")
    folder.mkdir()
    for name in (".running", ".run.json.partial"):
        (folder / name).write_bytes(b"")
    assert_same_rows(made("killed", FEW), whole)


def test_a_milestone_shows_the_searches_before_it_and_a_stop_leaves_no_others(
    made: Made, whole: RunFolder
) -> None:
    stopped = Listening(stop=3)
    store = made("stopped", FEW, heard=stopped, expected=False)
    record, shards = store.read_record(), Shards(store.path)
    assert record.state == State.INTERRUPTED
    assert record.message is not None
    assert "3 of 10" in record.message
    assert len(stopped.heard) == 3
    searches = shards.table("searches")
    assert searches.equals(stopped.heard[-1].tables["searches"])
    assert shards.table("mistakes").equals(stopped.heard[-1].tables["mistakes"])
    assert searches["search_id"].to_pylist() == list(range(len(searches)))
    replicas = MiningFigures.of(record).replicas
    assert replicas is not None
    assert len(searches) == 3 * -(-replicas * 3 // 10)
    assert record.counts == (f"{len(searches)} of {replicas * 3}", str(len(shards.table("mistakes"))))
    again = Listening(stop=3)
    made("stopped", FEW, heard=again, expected=False)
    assert shards.table("searches").equals(searches)
    assert [one.number for one in again.heard] == [1, 2, 3]
    assert_same_rows(made("stopped", FEW), whole)


def test_a_run_that_went_further_before_it_was_killed_is_stopped_at_the_same_place(
    made: Made, whole: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "HEARD", 7)
    monkeypatch.setattr(searching, "WRITE_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        made("further", FEW, heard=Listening(press=7))
    store, shards = RunFolder(whole.path.with_name("further")), Shards(whole.path.with_name("further"))
    assert len(list((store.path / "searches").iterdir())) > 3
    heard = Listening(stop=2)
    made("further", FEW, heard=heard, expected=False)
    assert shards.table("searches").equals(heard.heard[-1].tables["searches"])
    assert shards.table("mistakes").equals(heard.heard[-1].tables["mistakes"])
    assert_same_rows(made("further", FEW), whole)


def test_the_last_milestone_shows_all_that_a_finished_run_has(made: Made, whole: RunFolder) -> None:
    heard = Listening()
    made("heard", FEW, heard=heard)
    assert [(one.number, one.of) for one in heard.heard] == [(number, 10) for number in range(1, 11)]
    assert heard.heard[-1].tables["mistakes"].equals(Shards(whole.path).table("mistakes"))


def test_a_finished_run_is_told_of_but_not_made_again(
    made: Made, whole: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = Listening(), Listening()
    made("told", FEW, heard=first)
    monkeypatch.setattr(Peer, "ask", partial(pytest.fail, "a network was asked"))
    before = (whole.path.with_name("told") / "run.json").read_bytes()
    made("told", FEW, heard=again)
    assert (whole.path.with_name("told") / "run.json").read_bytes() == before
    (last,) = again.heard
    assert (last.number, last.of) == (10, 10)
    assert all(last.tables[name].equals(rows) for name, rows in first.heard[-1].tables.items())


def test_a_machine_that_lacks_the_file_of_a_network_mines_what_others_trained(
    made: Made, whole: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*wanted: object) -> str:
        raise OutvotedError("a file of weights", "none", "put it there")

    monkeypatch.setattr("outvoted.cluster.jobs.in_process.peers.panel_settings.key", missing)
    monkeypatch.setattr("outvoted.cluster.jobs.in_process.mining.checking.check", missing)
    store = RunFolder(whole.path.with_name("elsewhere"))
    config = MineConfig.model_validate(whole.read_record().config)
    shelf = Lent(members.load(whole.peers))
    assert MiningInProcess().make(Making(config, store, datasets.load(config.data), shelf))
    assert_same_rows(store, whole)


def test_a_run_is_extended(made: Made, whole: RunFolder) -> None:
    made("extended", "search.per_target=5")
    assert_same_rows(made("extended", FEW), whole)


def test_a_run_is_resumed_only_as_it_was_configured(made: Made, whole: RunFolder) -> None:
    store = RunFolder(shutil.copytree(whole.path, whole.path.with_name("other")))
    with pytest.raises(OutvotedError, match=r"search\.patience"):
        made("other", FEW, "search.patience=9")
    assert store.read_record().state == State.FINISHED


def test_runs_of_one_panel_share_its_files(made: Made, whole: RunFolder, trials: Path) -> None:
    other = made("sharing", FEW, "search.seed=5")
    for file in whole.peers.glob("*.safetensors"):
        assert file.samefile(other.peers / file.name)
    assert fingerprint_of(other) == fingerprint_of(whole) == whole.read_record().panel_fingerprint


def fingerprint_of(store: RunFolder) -> str:
    return members.fingerprint(members.load(store.peers))


def test_a_panel_that_disputes_its_seeds_fails_the_run(made: Made, trials: Path) -> None:
    with pytest.raises(OutvotedError, match="seeds that all 3 peers classify correctly"):
        made(
            "disputed", "search.per_target=20", "panel.training.epochs=1", "panel.training.learning_rate=1e-9"
        )
    record = RunFolder(trials / "disputed").read_record()
    assert record.state == State.FAILED
    assert "seeds that all 3 peers" in str(record.message)


def test_a_run_of_which_every_search_of_a_target_failed_is_an_error(made: Made, whole: RunFolder) -> None:
    store = failing(RunFolder(shutil.copytree(whole.path, whole.path.with_name("failing"))), every=True)
    with pytest.raises(OutvotedError, match="searches of mlp-6 that come to an end"):
        made("failing", FEW)
    assert store.read_record().state == State.FINISHED


def test_searches_that_failed_are_run_again_where_that_is_asked_for(made: Made, whole: RunFolder) -> None:
    failing(RunFolder(shutil.copytree(whole.path, whole.path.with_name("retried"))), every=True)
    for _ in range(2):
        assert_same_rows(made("retried", FEW, "cluster.retry_failed=true"), whole)


def test_only_the_panels_used_last_are_kept_ready(
    trained: list[Member], digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels, pairs = ReadyPanels(), list(itertools.permutations(trained, 2))
    ready = [panels.of(pair, digits, "auto") for pair in pairs]
    assert len(pairs) == 6
    assert [
        panels.of(pair, digits, "auto") is one for pair, one in zip(pairs[2:], ready[2:], strict=True)
    ] == [True] * 4
    assert panels.of(pairs[0], digits, "auto") is not ready[0]
    assert panels.of(pairs[5], replace(digits), "auto") is not ready[5]
    monkeypatch.setattr(peers, "_MOST_NUMBERS", 1)
    alone = panels.of(pairs[1], digits, "auto")
    assert panels.of(pairs[1], digits, "auto") is alone
    assert panels.of(pairs[0], digits, "auto") is not ready[0]
    assert panels.of(pairs[1], digits, "auto") is not alone
