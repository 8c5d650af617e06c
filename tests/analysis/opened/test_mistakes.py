"""Laws of mistakes wherever they are: columns, rows and parts are those of one table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.runs.compaction import compact
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.voters import answers
from outvoted.analysis.opened.mistakes import HeldMistakes, Mistakes, StoredMistakes
from outvoted.analysis.opened.opened import OpenedRun


@pytest.fixture
def expected(own: RunFolder) -> pa.Table:
    """The rows of a run, whole and in order."""
    return Shards(own.path).table("mistakes")


def joined(own: RunFolder) -> Mistakes:
    """Join the files of all shards, and read them."""
    compact(Shards(own.path).units)
    return StoredMistakes(Shards(own.path).units)


KINDS: dict[str, Callable[[RunFolder], Mistakes]] = {
    "in memory": lambda own: HeldMistakes(Shards(own.path).table("mistakes")),
    "stored": lambda own: StoredMistakes(Shards(own.path).units),
    "stored and joined": joined,
}


@pytest.fixture(params=KINDS)
def mistakes(request: pytest.FixtureRequest, own: RunFolder, expected: pa.Table) -> Mistakes:
    """The same rows, wherever they are."""
    assert len(expected) > 10
    return KINDS[str(request.param)](own)


def test_columns_are_those_of_the_table(mistakes: Mistakes, expected: pa.Table) -> None:
    assert len(mistakes) == len(expected)
    for columns in (["label"], ["measures", "search_id"], expected.column_names):
        assert mistakes.select(*columns).equals(expected.select(columns))


def test_rows_are_taken_in_the_order_asked_for(mistakes: Mistakes, expected: pa.Table) -> None:
    rows = expected.to_pylist()
    for places in ([], [7, 0, 3], [len(rows) - 1, 7]):
        assert mistakes.take(np.array(places, np.int64)) == [rows[place] for place in places]


def test_parts_together_are_all_rows(mistakes: Mistakes, expected: pa.Table) -> None:
    for columns in ((), ("search_id", "image")):
        rows = [row for part in mistakes.parts(*columns) for row in part.to_pylist()]
        whole = expected.select(list(columns or expected.column_names)).to_pylist()
        assert sorted(rows, key=lambda row: row["search_id"]) == whole


def test_what_is_made_of_each_row_stands_in_the_order_of_the_rows(
    mistakes: Mistakes, expected: pa.Table
) -> None:
    found = mistakes.each(["probabilities"], answers)
    votes = np.array(expected["probabilities"].to_pylist())
    np.testing.assert_array_equal(found, votes.argmax(axis=2))


def test_mistakes_that_are_mined_later_are_left_out(own: RunFolder, expected: pa.Table) -> None:
    found, shards = StoredMistakes(Shards(own.path).units), Shards(own.path)
    assert len(found) == len(expected)
    rows = {name: shards.table(name).slice(0, 1) for name in ("searches", "mistakes")}
    early = {
        name: table.set_column(0, "search_id", pa.array([-1], pa.int64())) for name, table in rows.items()
    }
    shards.write(ShardResult("shard-late", early["searches"], early["mistakes"]))
    assert found.select("search_id", "label").equals(expected.select(["search_id", "label"]))
    assert found.take(np.array([0]))[0] == expected.slice(0, 1).to_pylist()[0]
    assert len(found.each(["label"], lambda part: part["label"].to_numpy())) == len(expected)
    assert shards.mistakes() == len(expected) + 1


def test_a_report_of_a_joined_run_says_the_same(own: RunFolder, tmp_path: Path) -> None:
    before = mining_report(OpenedRun(own))
    compact(Shards(own.path).units)
    after = mining_report(OpenedRun(own))
    assert after.values() == before.values()
    for name in ("gallery/mistakes.png", "gallery/climbs.png"):
        drawn = [tmp_path / f"{place}.png" for place in range(2)]
        for report, path in zip((before, after), drawn, strict=True):
            report.pictures[name](path)
        assert drawn[0].read_bytes() == drawn[1].read_bytes()
