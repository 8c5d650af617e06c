"""Shards: the searches of a run are there once, in order, and with their mistakes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.search.plan import Shard


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    """The shards of a run that has none yet."""
    return Shards(tmp_path)


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


def assert_holds(shards: Shards, expected: ShardResult) -> None:
    """Check that both tables are just the rows of ``expected``."""
    assert shards.table("searches").equals(expected.searches)
    assert shards.table("mistakes").equals(expected.mistakes)
    assert shards.done().ids().tolist() == expected.searches.column("search_id").to_pylist()


def test_a_run_that_has_searched_nothing_has_no_rows(shards: Shards) -> None:
    assert shards.done().ids().tolist() == []
    assert shards.frame("searches").empty
    assert shards.frame("mistakes").empty


def test_a_shard_is_two_files_under_its_name(shards: Shards, mined: ShardResult, tmp_path: Path) -> None:
    shards.write(mined)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet"))
    assert files == [f"{table}/{mined.name}.parquet" for table in ("mistakes", "searches")]


@settings(max_examples=10)
@given(cuts=st.sets(st.integers(0, 58), max_size=5), data=st.data())
def test_shards_in_any_order_are_one_table(
    cuts: set[int], data: st.DataObject, mined: ShardResult, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shards = Shards(tmp_path_factory.mktemp("run"))
    edges = [-1, *sorted(cuts), 59]
    pieces = [cut(mined, first + 1, last) for first, last in pairwise(edges)]
    for piece in data.draw(st.permutations(pieces)):
        shards.write(piece)
    assert_holds(shards, mined)


def test_searches_in_overlapping_shards_are_there_once(shards: Shards, mined: ShardResult) -> None:
    for first, last in ((0, 39), (20, 59), (10, 30)):
        shards.write(cut(mined, first, last))
    assert_holds(shards, mined)


def test_frames_hold_the_rows_of_tables(shards: Shards, mined: ShardResult) -> None:
    shards.write(mined)
    frame = shards.frame("searches")
    assert frame["search_id"].tolist() == list(range(60))
    assert frame["outcome"].tolist() == mined.searches.column("outcome").to_pylist()


def test_mistakes_without_their_search_are_not_returned(
    shards: Shards, mined: ShardResult, tmp_path: Path
) -> None:
    for first, last in ((0, 29), (30, 59)):
        shards.write(cut(mined, first, last))
    (tmp_path / "searches" / f"{named(30, 59)}.parquet").unlink()
    assert_holds(shards, cut(mined, 0, 29))


def test_other_files_are_ignored(shards: Shards, mined: ShardResult, tmp_path: Path) -> None:
    shards.write(mined)
    for name in ("notes.txt", "extract.parquet", "shard-old.parquet~"):
        (tmp_path / "searches" / name).write_text("mine")
    assert_holds(shards, mined)


def failing(mined: ShardResult, *ids: int) -> ShardResult:
    """Have some searches of a shard failed, and without mistakes."""
    failed = np.isin(mined.searches.column("search_id").to_numpy(), ids)
    outcomes = np.where(failed, "failed", mined.searches.column("outcome").to_pylist())
    place = mined.searches.schema.get_field_index("outcome")
    searches = mined.searches.set_column(place, mined.searches.schema.field(place), pa.array(outcomes))
    found = np.isin(mined.mistakes.column("search_id").to_numpy(), ids)
    return ShardResult(mined.name, searches, mined.mistakes.filter(pa.array(~found)))


def test_failed_searches_are_forgotten_with_their_shards_and_no_others(
    shards: Shards, mined: ShardResult
) -> None:
    parts = [cut(mined, first, first + 19) for first in (0, 20, 40)]
    for part in (failing(parts[0], 0, 19), parts[1], failing(parts[2], 45)):
        shards.write(part)
    assert shards.forget_failed() == 3
    assert_holds(shards, parts[1])
    for part in parts:  # run again, as a resumed run does
        shards.write(part)
    assert_holds(shards, ShardResult("", mined.searches, mined.mistakes))
    assert shards.forget_failed() == 0
