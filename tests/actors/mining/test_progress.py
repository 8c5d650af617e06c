"""Progress: sums that don't depend on the order of shards, and rates anyone can check."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.mining.shards import Progress, ShardResult
from outvoted.search.outcome import Outcome

ENDED = [str(outcome) for outcome in Outcome if outcome != Outcome.CLIMBING]
PEERS = 3


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw rows of the searches table of a panel with three peers."""
    found = []
    for _ in range(draw(st.integers(1, 8))):
        asked = draw(st.integers(0, 9))
        found.append(
            {
                "outcome": draw(st.sampled_from(ENDED)),
                "target_name": draw(st.sampled_from(["a", "b"])),
                "moves": draw(st.integers(0, 9)),
                "candidates": draw(st.integers(0, 99)),
                "consensus": draw(st.integers(0, asked)),
                "inferences_target": 1 + draw(st.integers(0, 99)),
                "inferences_peers": (1 + asked) * (PEERS - 1),
                "voted_on": asked,
            }
        )
    return found


def table(found: list[dict[str, Any]]) -> pa.Table:
    """Turn rows into a table."""
    return pa.Table.from_pylist(found)


@given(found=rows())
def test_totals_are_sums_over_rows(found: list[dict[str, Any]]) -> None:
    total = Progress().plus(table(found))
    assert total.searches == len(found)
    assert total.outcomes == Counter(row["outcome"] for row in found)
    assert total.targets == Counter(row["target_name"] for row in found if row["outcome"] == "mistake")
    assert total.mistakes == sum(row["outcome"] == "mistake" for row in found)
    for name in ("moves", "candidates", "voted_on", "consensus"):
        assert getattr(total, name) == sum(row[name] for row in found)
    assert total.inferences == sum(row["inferences_target"] + row["inferences_peers"] for row in found)


@given(first=rows(), second=rows())
def test_shards_add_up_in_any_order(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    one = Progress().plus(table(first)).plus(table(second))
    other = Progress().plus(table(second)).plus(table(first))
    assert one == other == Progress().plus(table(first + second))


@given(found=rows())
def test_rates_are_shares_of_what_was_tried(found: list[dict[str, Any]]) -> None:
    figures = Progress().plus(table(found)).scalars()
    climbed = [row for row in found if row["outcome"] in ("mistake", "exhausted")]
    moves, candidates, asked, consensus = (
        sum(row[name] for row in found) for name in ("moves", "candidates", "voted_on", "consensus")
    )
    won = sum(row["outcome"] == "mistake" for row in found)
    assert figures["rates/successful searches"] == pytest.approx(won / len(climbed) if climbed else won)
    assert figures["rates/moves accepted per candidate"] == pytest.approx(moves / max(candidates, 1))
    assert figures["rates/consensus of candidates voted on"] == pytest.approx(consensus / max(asked, 1))
    assert figures["moves/mean of a search"] == pytest.approx(moves / max(len(climbed), 1))


@given(found=rows())
def test_counts_are_drawn_by_outcome_and_target(found: list[dict[str, Any]]) -> None:
    total = Progress().plus(table(found))
    figures = total.scalars()
    assert figures["searches/done"] == len(found)
    drawn = {name.removeprefix("searches/"): value for name, value in figures.items() if "searches/" in name}
    assert drawn == {"done": len(found)} | dict(total.outcomes)
    by_target = {name: value for name, value in figures.items() if name.startswith("mistakes by target/")}
    assert by_target == {f"mistakes by target/{name}": count for name, count in total.targets.items()}


def test_nothing_done_divides_by_nothing() -> None:
    assert set(Progress().scalars().values()) == {0}


def test_a_mined_shard_adds_up(mined: ShardResult) -> None:
    total = Progress().plus(mined.searches)
    assert total.searches == mined.searches.num_rows
    assert total.mistakes == mined.mistakes.num_rows == sum(total.targets.values())
    assert 0 < total.consensus <= total.voted_on < total.candidates
