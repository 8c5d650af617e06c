"""The recorder: recording again changes nothing, and a new one goes on where the last one stopped.

All of this holds for shards whose rows it is sent, and for those that their cells have written.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.mining.at_home import Address, Home
from outvoted.actors.mining.recorder import Recorder
from outvoted.actors.mining.shards import Mined, Progress, ShardResult, Shards, StagedShard
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.fence import FILE, Guard, written
from outvoted.search.errors import OutvotedError
from tests.conftest import full_disk


@pytest.fixture
def halves(mined: ShardResult) -> tuple[ShardResult, ShardResult]:
    """The mined shard as two."""
    ids = mined.mistakes.column("search_id").to_pylist()
    border = sum(value < 30 for value in ids)
    return (
        ShardResult(
            "shard-000000000000-000000000029", mined.searches.slice(0, 30), mined.mistakes.slice(0, border)
        ),
        ShardResult(
            "shard-000000000030-000000000059", mined.searches.slice(30), mined.mistakes.slice(border)
        ),
    )


Handed = Callable[[ShardResult], Mined]


@pytest.fixture(params=["sent", "written by its cell"])
def handed(request: pytest.FixtureRequest, tmp_path: Path) -> Handed:
    """How a shard reaches the recorder."""
    return (lambda result: result) if request.param == "sent" else home(tmp_path).kept


def home(folder: Path) -> Home:
    """Return a run's folder as a cell sees it."""
    (folder / FILE).write_bytes(written({"owner": "owner"}))
    found = Address(folder, Guard(folder, "owner")).home()
    assert found is not None
    return found


def hidden(folder: Path) -> list[str]:
    """Return what lies in the folders of tables and is no table."""
    return [path.name for path in folder.glob("*/.*")]


def steps(path: Path) -> list[int]:
    """Return the steps at which TensorBoard shows the number of searches done."""
    shown = EventAccumulator(str(path / "tb"))
    shown.Reload()
    return [event.step for event in shown.Scalars("searches/done")]


def test_what_is_recorded_is_in_the_store(
    halves: tuple[ShardResult, ShardResult], mined: ShardResult, tmp_path: Path, handed: Handed
) -> None:
    recorder = Recorder(tmp_path)
    for half in halves[::-1]:
        recorder.record(handed(half))
    recorder.close()
    assert Shards(tmp_path).table("searches").equals(mined.searches)
    assert Shards(tmp_path).table("mistakes").equals(mined.mistakes)


def test_progress_is_the_sum_of_what_is_recorded(
    halves: tuple[ShardResult, ShardResult], mined: ShardResult, tmp_path: Path, handed: Handed
) -> None:
    recorder = Recorder(tmp_path)
    assert recorder.progress() == Progress()
    assert recorder.record(handed(halves[0])) == Progress().plus(halves[0].searches)
    assert recorder.record(handed(halves[1])) == Progress().plus(mined.searches) == recorder.progress()
    recorder.close()


def test_recording_again_changes_nothing(mined: ShardResult, tmp_path: Path, handed: Handed) -> None:
    recorder, shard = Recorder(tmp_path), handed(mined)
    first, second = recorder.record(shard), recorder.record(shard)
    third = recorder.record(handed(mined))  # of another cell, which was taken for lost
    recorder.close()
    assert first == second == third
    assert Shards(tmp_path).table("searches").equals(mined.searches)
    assert steps(tmp_path) == [60]
    assert not hidden(tmp_path)


def test_a_new_recorder_goes_on(
    halves: tuple[ShardResult, ShardResult], mined: ShardResult, tmp_path: Path, handed: Handed
) -> None:
    first = Recorder(tmp_path)
    first.record(handed(halves[0]))
    first.close()
    second = Recorder(tmp_path)
    assert second.progress() == Progress().plus(halves[0].searches)
    assert second.record(handed(halves[1])) == Progress().plus(mined.searches)
    second.close()
    assert steps(tmp_path) == [30, 60]


def test_a_new_recorder_knows_what_is_recorded(
    halves: tuple[ShardResult, ShardResult], tmp_path: Path
) -> None:
    Recorder(tmp_path).record(halves[0])
    again = Recorder(tmp_path)
    assert again.record(halves[0]) == Progress().plus(halves[0].searches)
    again.close()


def test_epochs_are_shown(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for number in (1, 2):
        recorder.epoch("mlp-6", EpochRecord(number, 1 / number, 0.25 * number))
    recorder.close()
    shown = EventAccumulator(str(tmp_path / "tb"))
    shown.Reload()
    assert [(e.step, e.value) for e in shown.Scalars("training loss/mlp-6")] == [(1, 1.0), (2, 0.5)]
    assert [(e.step, e.value) for e in shown.Scalars("test accuracy/mlp-6")] == [(1, 0.25), (2, 0.5)]


def test_a_shard_that_cannot_be_written_is_not_counted(
    halves: tuple[ShardResult, ShardResult], tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path)
    before = recorder.record(halves[0])
    path = tmp_path / "searches" / f"{halves[1].name}.parquet"
    with pytest.raises(OutvotedError, match="No space left"), full_disk(path):
        recorder.record(halves[1])
    assert recorder.progress() == before
    assert recorder.record(halves[1]).searches == 60
    recorder.close()


def test_several_shards_are_recorded_at_once(
    halves: tuple[ShardResult, ShardResult], mined: ShardResult, tmp_path: Path, handed: Handed
) -> None:
    recorder = Recorder(tmp_path)
    assert recorder.record(*map(handed, halves)) == Progress().plus(mined.searches)
    recorder.close()
    assert Shards(tmp_path).table("mistakes").equals(mined.mistakes)
    assert steps(tmp_path) == [60]


def test_of_a_shard_only_what_is_not_recorded_yet_is_written(
    halves: tuple[ShardResult, ShardResult], mined: ShardResult, tmp_path: Path, handed: Handed
) -> None:
    recorder = Recorder(tmp_path)
    recorder.record(handed(halves[0]))
    whole = ShardResult("shard-000000000000-000000000059", mined.searches, mined.mistakes)
    assert recorder.record(handed(whole)) == recorder.record(handed(whole)) == Progress().plus(mined.searches)
    recorder.close()
    assert sorted(path.stem for path in (tmp_path / "searches").iterdir()) == [half.name for half in halves]
    for table in ("searches", "mistakes"):
        found = pq.read_table(tmp_path / table)  # as whoever reads the folder does
        assert found.sort_by("search_id").equals(getattr(mined, table))


def test_a_long_run_leaves_few_files(mined: ShardResult, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for first in range(60):
        searches = mined.searches.slice(first, 1)
        mistakes = mined.mistakes.filter(pc.equal(mined.mistakes["search_id"], searches["search_id"][0]))
        recorder.record(ShardResult(f"shard-{first:012d}-{first:012d}", searches, mistakes))
    recorder.close()
    for table in ("searches", "mistakes"):
        assert len(list((tmp_path / table).iterdir())) == 1
        assert pq.read_table(tmp_path / table).equals(getattr(mined, table))
        assert Shards(tmp_path).table("searches").equals(mined.searches)
    again = Recorder(tmp_path)
    assert again.record(mined) == Progress().plus(mined.searches)
    again.close()


def test_a_read_only_place_is_one_message(mined: ShardResult) -> None:
    recorder = Recorder(Path("/proc/outvoted"))
    with pytest.raises(OutvotedError):
        recorder.record(mined)


def test_a_recorder_that_was_killed_while_it_entered_a_shard_enters_the_rest(
    mined: ShardResult, tmp_path: Path
) -> None:
    shard = home(tmp_path).kept(mined)
    (mistakes,) = (tmp_path / "mistakes").glob(".*")
    mistakes.rename(tmp_path / "mistakes" / f"{mined.name}.parquet")
    recorder = Recorder(tmp_path)
    assert not recorder.progress().searches
    assert recorder.record(shard) == Progress().plus(mined.searches)
    recorder.close()
    assert Shards(tmp_path).table("mistakes").equals(mined.mistakes)


def test_what_a_cell_has_written_is_no_part_of_the_run_until_it_is_recorded_and_goes_if_it_never_is(
    mined: ShardResult, tmp_path: Path
) -> None:
    home(tmp_path).kept(mined)
    assert len(hidden(tmp_path)) == 2
    assert not len(Shards(tmp_path).done())
    recorder = Recorder(tmp_path)
    recorder.close()
    assert not hidden(tmp_path)
    assert not len(Shards(tmp_path).done())


def test_rows_that_a_cell_wrote_and_that_are_gone_end_the_run_in_words(
    mined: ShardResult, tmp_path: Path
) -> None:
    shard = home(tmp_path).kept(mined)
    for name in hidden(tmp_path):
        next(tmp_path.glob(f"*/{name}")).unlink()
    recorder = Recorder(tmp_path)
    with pytest.raises(OutvotedError, match="continue with --resume"):
        recorder.record(shard)
    assert not recorder.progress().searches


def test_a_cell_that_cannot_write_hands_over_its_rows(mined: ShardResult, tmp_path: Path) -> None:
    cell = home(tmp_path)
    shard = cell.kept(mined)
    assert isinstance(shard, StagedShard)
    written_last = tmp_path / "searches" / f".{mined.name}.{shard.mark}.staged"
    with full_disk(written_last):
        assert cell.kept(mined) is mined
    assert not hidden(tmp_path)
    (tmp_path / FILE).write_bytes(written({"owner": "another"}))  # who took the run over
    assert cell.kept(mined) is mined
    for folder in (tmp_path, tmp_path / "elsewhere"):
        assert Address(folder, Guard(folder, "owner")).home() is None
