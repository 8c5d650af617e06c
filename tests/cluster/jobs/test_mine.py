"""Mining on Ray from end to end: whatever happens on the way, the rows are those of an undisturbed run."""

import shutil
from collections import Counter
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.at_home import Address
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.analysis.mining.replay import replay
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.errors import OutvotedError
from outvoted.search.outcome import Outcome
from outvoted.search.plan import shard_name
from tests.actors.data.formats import write_idx
from tests.cluster.conftest import Mine
from tests.cluster.rows import assert_same_rows, failing, tags

pytestmark = pytest.mark.ray
CURVE = "training loss/mlp-6"


def test_a_run_attempts_what_was_asked_for(undisturbed: RunFolder) -> None:
    rows = Shards(undisturbed.path).frame("searches")
    climbed = rows[rows["outcome"].isin([Outcome.MISTAKE, Outcome.EXHAUSTED])]
    assert Counter(climbed["target"]) == {0: 60, 1: 60, 2: 60}
    assert undisturbed.read_record().state == State.FINISHED
    assert len(Shards(undisturbed.path).frame("mistakes")) == (rows["outcome"] == Outcome.MISTAKE).sum() > 0


def test_a_run_records_the_borders_that_were_left_to_its_images(undisturbed: RunFolder) -> None:
    assert undisturbed.read_record().config["search"]["transform"]["border"] == "black"


def test_every_mistake_is_confirmed_by_its_replay(undisturbed: RunFolder) -> None:
    assert all(row.confirmed for row in replay(OpenedRun(undisturbed), None))


def test_a_run_leaves_report_and_monitor(undisturbed: RunFolder) -> None:
    left = {str(path.relative_to(undisturbed.path).parts[0]) for path in undisturbed.path.rglob("*")}
    assert left == {"run.json", "peers", "searches", "mistakes", "tb", "summary.json", "gallery"}


@pytest.fixture(scope="module")
def kept(undisturbed: RunFolder, runs: Path) -> set[Path]:
    """The shelf of panels after the first run."""
    return set((runs / ".panels").iterdir())


@pytest.fixture(scope="module")
def begun(mined: Mine, kept: set[Path]) -> RunFolder:
    """A second run of the same panel, with few searches and one cell."""
    return mined("extended", "search.per_target=20")


def test_a_panel_is_trained_once(begun: RunFolder, kept: set[Path], runs: Path) -> None:
    """By whichever run of the folder needed it first."""
    assert set(begun.panels.iterdir()) == kept
    trained = [board.parent for board in runs.rglob("tb") if CURVE in tags(RunFolder(board.parent))]
    assert trained
    assert begun.path not in trained


@pytest.mark.parametrize(("cell", "cells"), [("process", 1), ("process", 3)])
def test_any_number_of_cells_finds_the_same(cell: str, cells: int, mined: Mine, begun: RunFolder) -> None:
    how = (f"cluster.cell={cell}", f"cluster.cells={cells}", "cluster.shard_size=9")
    assert_same_rows(mined(f"{cells}-{cell}", "search.per_target=20", *how), begun)


@pytest.mark.parametrize(("cell", "cells"), [("process", 1), ("actors", 2)])
def test_seeds_that_stay_on_disk_give_the_same_run_in_cells_of_either_kind(
    cell: str, cells: int, mined: Mine, begun: RunFolder, digits: Dataset, tmp_path: Path
) -> None:
    for split, name in ((digits.train, "train"), (digits.test, "t10k")):
        write_idx(tmp_path / f"{name}-images-idx3-ubyte", split.images[:, 0])
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte", split.labels.astype(np.uint8))
    data = ["data.name=idx", f"data.path={tmp_path}", "data.hold=disk"]
    how = (f"cluster.cell={cell}", f"cluster.cells={cells}")
    found = mined(f"disk-{cell}", "search.per_target=20", *how, *data)
    assert_same_rows(found, begun)
    known = found.read_record().data
    assert known is not None
    assert known.fingerprint == digits.fingerprint
    assert found.read_record().panel_fingerprint == begun.read_record().panel_fingerprint


def test_a_run_is_not_begun_over_another(mined: Mine, undisturbed: RunFolder) -> None:
    with pytest.raises(OutvotedError, match="--resume"):
        mined("undisturbed")


def test_a_run_is_resumed_only_as_it_was_configured(mined: Mine, undisturbed: RunFolder) -> None:
    with pytest.raises(OutvotedError, match=r"search\.patience"):
        mined("undisturbed", "search.patience=9", resume=True)


def test_a_transform_that_is_not_made_for_the_images_leaves_no_trace(mined: Mine, runs: Path) -> None:
    with pytest.raises(OutvotedError, match="channel_gain"):
        mined("colourful", "search.transform.kind=channel_gain")
    assert not (runs / "colourful").exists()


def test_more_gpus_than_there_are_leave_no_trace(mined: Mine, runs: Path) -> None:
    with pytest.raises(OutvotedError, match=r"cluster\.num_gpus=64"):
        mined("greedy", "cluster.num_gpus=64")
    assert not (runs / "greedy").exists()


def test_searches_that_failed_are_run_again_where_that_is_asked_for(
    mined: Mine, begun: RunFolder, runs: Path
) -> None:
    """Not otherwise: a network that fails for good would fail again."""
    store = failing(RunFolder(shutil.copytree(begun.path, runs / "failed")), every=False)
    for retry in (False, True):
        again = mined(
            store.path.name, "search.per_target=20", f"cluster.retry_failed={retry}".lower(), resume=True
        )
        failed = Shards(again.path).frame("searches")["outcome"].eq(Outcome.FAILED).any()
        assert failed == (not retry)
    assert_same_rows(again, begun)


def test_a_disk_that_refuses_is_told_and_extension_cells_and_batches_change_nothing(
    mined: Mine, begun: RunFolder, undisturbed: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished run is extended, fails at its second shard, and goes on with other cells and batches.

    At first cells send their rows to the recorder, as those do that don't see the run's folder.
    """
    before = Shards(begun.path).done().ids()
    wanted = np.setdiff1d(Shards(undisturbed.path).done().ids(), before)
    # the second shard: three targets go into 50 searches 16 times; one cell's shards are of equal size
    replicas = len(wanted) // 3
    size = 3 * ceil(replicas / ceil(replicas / 16))
    full = begun.path / "searches" / f".{shard_name(wanted[size : 2 * size])}.parquet.partial"
    full.mkdir()  # in the way, for the recorder is another process
    with monkeypatch.context() as patch:
        patch.setattr(Address, "of", lambda folder: None)
        with pytest.raises(OutvotedError, match="directory"):
            mined(begun.path.name, "cluster.cells=1", "cluster.shards_in_flight=1", resume=True)
    assert begun.read_record().state == State.FAILED
    assert set(Shards(begun.path).done().ids()) == {*before, *wanted[:size]}
    full.rmdir()
    several = ("cluster.cells=2", "cluster.cell=actors", "cluster.shard_size=35")
    assert_same_rows(mined(begun.path.name, *several, resume=True), undisturbed)
