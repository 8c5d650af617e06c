"""The store: shards appear whole, once, and in order, whatever happened on the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.mining.rows import ShardResult
from outvoted.actors.runs.run_record import RunRecord, State
from outvoted.actors.runs.store import RunStore
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard
from tests.conftest import full_disk

Table = Literal["searches", "mistakes"]
BOTH: tuple[Table, Table] = ("mistakes", "searches")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """The store of a run that has nothing yet."""
    return RunStore(tmp_path / "run")


@pytest.fixture
def record() -> RunRecord:
    """The record of a run that has just begun."""
    return RunRecord(name="run", state=State.RUNNING, config={"data": {}}, versions={"torch": "2"})


def named(first: int, last: int) -> str:
    """Return the name of a shard of consecutive searches."""
    ids = np.arange(first, last + 1)
    return Shard(ids, ids, ids, ids, ids).name


def cut(mined: ShardResult, first: int, last: int) -> ShardResult:
    """Return the searches with ids ``first`` to ``last``, and their mistakes, as a shard."""

    def rows(table: pa.Table) -> pa.Table:
        ids = table.column("search_id").to_numpy()
        return table.take(np.flatnonzero((ids >= first) & (ids <= last)))

    return ShardResult(named(first, last), rows(mined.searches), rows(mined.mistakes))


def assert_holds(store: RunStore, expected: ShardResult) -> None:
    """Check that both tables are just the rows of ``expected``."""
    assert store.table("searches").equals(expected.searches)
    assert store.table("mistakes").equals(expected.mistakes)
    assert store.done().tolist() == expected.searches.column("search_id").to_pylist()


def files(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_a_shard_reads_back(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    assert_holds(store, mined)


def test_a_shard_is_two_files_under_its_name(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    assert files(store.path) == [f"{table}/{mined.name}.parquet" for table in BOTH]


def test_an_empty_store_has_no_rows(store: RunStore) -> None:
    assert store.done().tolist() == []
    for table in BOTH:
        assert store.table(table).num_rows == 0
        assert store.frame(table).empty


def test_the_same_shard_twice_is_there_once(store: RunStore, mined: ShardResult) -> None:
    for _ in range(2):
        store.write_shard(mined)
    assert_holds(store, mined)


@settings(deadline=None, max_examples=10)
@given(cuts=st.sets(st.integers(0, 58), max_size=5), data=st.data())
def test_shards_in_any_order_are_one_table(
    cuts: set[int], data: st.DataObject, mined: ShardResult, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = RunStore(tmp_path_factory.mktemp("run"))
    edges = [-1, *sorted(cuts), 59]
    pieces = [cut(mined, first + 1, last) for first, last in pairwise(edges)]
    for piece in data.draw(st.permutations(pieces)):
        store.write_shard(piece)
    assert_holds(store, mined)


def test_searches_in_overlapping_shards_are_there_once(store: RunStore, mined: ShardResult) -> None:
    for first, last in ((0, 39), (20, 59), (10, 30)):
        store.write_shard(cut(mined, first, last))
    assert_holds(store, mined)


def test_frames_hold_the_rows_of_tables(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    frame = store.frame("searches")
    assert frame["search_id"].tolist() == list(range(60))
    assert frame["outcome"].tolist() == mined.searches.column("outcome").to_pylist()


def test_mistakes_without_their_search_are_not_returned(store: RunStore, mined: ShardResult) -> None:
    for first, last in ((0, 29), (30, 59)):
        store.write_shard(cut(mined, first, last))
    (store.path / "searches" / f"{named(30, 59)}.parquet").unlink()
    assert_holds(store, cut(mined, 0, 29))


def test_mistakes_are_written_before_their_searches(store: RunStore, mined: ShardResult) -> None:
    (store.path / "searches").parent.mkdir()
    (store.path / "searches").write_text("a file in the way")
    with pytest.raises(OutvotedError):
        store.write_shard(mined)
    assert files(store.path) == [f"mistakes/{mined.name}.parquet", "searches"]


def test_what_a_killed_writer_left_is_ignored(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    for table in BOTH:
        (store.path / table / f".{named(60, 99)}.parquet.partial").write_bytes(b"PAR1 and then nothing")
    assert_holds(store, mined)


def test_other_files_are_ignored(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    for name in ("notes.txt", "extract.parquet", "shard-old.parquet~"):
        (store.path / "searches" / name).write_text("mine")
    assert_holds(store, mined)


def test_a_reader_never_sees_a_part_of_a_shard(store: RunStore, mined: ShardResult) -> None:
    pieces = [cut(mined, first, first + 9) for first in range(0, 60, 10)]
    stop = Event()

    def read() -> set[tuple[int, bool]]:
        seen: set[tuple[int, bool]] = set()
        while not stop.is_set() or not seen:
            mistakes, searches = store.table("mistakes"), store.table("searches")
            known = set(searches.column("search_id").to_pylist())
            whole = set(mistakes.column("search_id").to_pylist()) <= known
            seen.add((searches.num_rows % 10, whole))
        return seen

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for piece in pieces * 3:
            store.write_shard(piece)
        stop.set()
        assert reader.result(20) == {(0, True)}
    assert_holds(store, mined)


@pytest.mark.parametrize("table", BOTH)
def test_a_full_disk_is_one_message_and_keeps_what_was_there(
    table: Table, store: RunStore, mined: ShardResult
) -> None:
    before, after = cut(mined, 0, 29), cut(mined, 30, 59)
    store.write_shard(before)
    path = store.path / table / f"{after.name}.parquet"
    with pytest.raises(OutvotedError, match="No space left") as caught, full_disk(path):
        store.write_shard(after)
    assert f"{table}/{after.name}.parquet" in caught.value.expected
    assert_holds(store, before)
    store.write_shard(after)
    assert_holds(store, mined)


@pytest.mark.parametrize("table", BOTH)
@pytest.mark.parametrize("kept", [0, 3, 0.5, -1])
def test_a_corrupt_shard_is_one_message(
    kept: float, table: Table, store: RunStore, mined: ShardResult
) -> None:
    store.write_shard(mined)
    path = store.path / table / f"{mined.name}.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(OutvotedError) as caught:
        store.table(table)
    assert str(path) in caught.value.expected
    assert "--resume" in caught.value.remedy


@pytest.mark.parametrize("table", BOTH)
def test_a_shard_that_cannot_be_opened_is_one_message(
    table: Table, store: RunStore, mined: ShardResult
) -> None:
    store.write_shard(mined)
    path = store.path / table / f"{named(60, 99)}.parquet"
    path.symlink_to(store.path / "absent")
    with pytest.raises(OutvotedError) as caught:
        store.table(table)
    assert str(path) in caught.value.expected


def test_a_corrupt_shard_hides_from_no_one(store: RunStore, mined: ShardResult) -> None:
    store.write_shard(mined)
    (store.path / "searches" / f"{mined.name}.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(OutvotedError):
        store.done()


def test_deleting_a_corrupt_shard_makes_its_searches_undone(store: RunStore, mined: ShardResult) -> None:
    for first, last in ((0, 29), (30, 59)):
        store.write_shard(cut(mined, first, last))
    (store.path / "searches" / f"{named(0, 29)}.parquet").unlink()
    assert store.done().tolist() == list(range(30, 60))


def test_a_foreign_table_is_one_message_to_done(store: RunStore) -> None:
    (store.path / "searches").mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), store.path / "searches" / "shard-x.parquet")
    with pytest.raises(OutvotedError, match="shard-x"):
        store.done()


def damaged_name(store: RunStore, mined: ShardResult) -> None:
    """Write a shard with a column whose name is no UTF-8."""
    store.write_shard(mined)
    path = store.path / "searches" / f"{mined.name}.parquet"
    path.write_bytes(path.read_bytes().replace(b"target_name", b"tar\xa4et_name"))


def foreign_columns(store: RunStore, mined: ShardResult) -> None:
    """Write a shard beside which lies one with other columns."""
    store.write_shard(mined)
    pq.write_table(pa.table({"search_id": [1]}), store.path / "searches" / "shard-x.parquet")


def no_ids(store: RunStore, mined: ShardResult) -> None:
    """Write a shard without search ids."""
    (store.path / "searches").mkdir(parents=True)
    rows = mined.searches.drop_columns("search_id")
    pq.write_table(rows, store.path / "searches" / f"{mined.name}.parquet")


@pytest.mark.parametrize("damage", [damaged_name, foreign_columns, no_ids])
def test_a_damaged_shard_is_one_message(
    damage: Callable[[RunStore, ShardResult], None], store: RunStore, mined: ShardResult
) -> None:
    damage(store, mined)
    with pytest.raises(OutvotedError):
        store.frame("searches")


def test_a_read_only_place_is_one_message(mined: ShardResult, record: RunRecord) -> None:
    store = RunStore(Path("/proc/outvoted"))
    with pytest.raises(OutvotedError, match="to write /proc/outvoted"):
        store.write_shard(mined)
    with pytest.raises(OutvotedError, match="to write /proc/outvoted"):
        store.write_record(record)


def test_the_record_reads_back(store: RunStore, record: RunRecord) -> None:
    store.write_record(record)
    assert store.read_record() == record
    assert files(store.path) == ["run.json"]


def test_the_record_is_replaced(store: RunStore, record: RunRecord) -> None:
    store.write_record(record)
    store.write_record(record.model_copy(update={"state": State.FINISHED, "message": "done"}))
    assert (store.read_record().state, store.read_record().message) == (State.FINISHED, "done")


def test_a_full_disk_keeps_the_record(store: RunStore, record: RunRecord) -> None:
    store.write_record(record)
    with pytest.raises(OutvotedError, match="No space left"), full_disk(store.path / "run.json"):
        store.write_record(record.model_copy(update={"state": State.FINISHED}))
    assert store.read_record() == record


def foreign(path: Path) -> OutvotedError:
    """Return the error that reading a record ends in, after checking that it names the folder."""
    with pytest.raises(OutvotedError) as caught:
        RunStore(path).read_record()
    assert str(path) in caught.value.expected
    assert "run.json" in caught.value.found
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"name": "x"}',
        '{"format": "outvoted run 2"}',
        '{"format": "outvoted run 3"}',
        "\xff",
        '{"name": "\ud800"}',
    ],
    ids=[
        "empty",
        "cut",
        "a list",
        "keys missing",
        "an earlier format",
        "this format alone",
        "no JSON",
        "half a surrogate",
    ],
)
def test_a_foreign_record_is_one_message(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    foreign(tmp_path)


def test_a_folder_without_a_record_is_one_message(tmp_path: Path) -> None:
    assert "No such file" in foreign(tmp_path).found


def test_a_missing_folder_is_one_message(tmp_path: Path) -> None:
    foreign(tmp_path / "absent")


def test_a_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    foreign(tmp_path / "file")
