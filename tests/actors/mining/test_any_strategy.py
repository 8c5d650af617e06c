"""Every strategy against real networks: its rows are as pure, verified and replayable as hillclimb's."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.panel.panel import LocalPanel
from outvoted.search.climb import Rules
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Shard, Turns
from tests.actors.leases import mined_by
from tests.search.runs import searches
from tests.search.strategies.cases import CASES, Case

TURNS = Turns(targets=(0, 2), voters=(2, 1))


@pytest.fixture(scope="module")
def work(rules: Rules, coordinator: Coordinator) -> Shard:
    """Thirty-two searches: eight seeds, two targets, two and one voters."""
    return searches(rules.run_seed, 8, TURNS, len(coordinator.seeds))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def one(request: pytest.FixtureRequest, coordinator: Coordinator) -> Coordinator:
    """A coordinator for each strategy."""
    case = request.param
    assert isinstance(case, Case)
    return replace(coordinator, rules=replace(coordinator.rules, strategy=case.strategy))


@pytest.fixture(scope="module")
def whole(one: Coordinator, work: Shard, panel: LocalPanel) -> ShardResult:
    """What mining all of the work gives."""
    return mined_by(one, work, panel)


def test_splitting_the_work_changes_no_row(
    one: Coordinator, work: Shard, panel: LocalPanel, whole: ShardResult
) -> None:
    parts = [mined_by(one, work.rows(slice(first, first + 11)), panel) for first in range(0, len(work), 11)]
    assert whole.mistakes.equals(pa.concat_tables([part.mistakes for part in parts]))
    found = pa.concat_tables([part.searches for part in parts])
    assert whole.searches.drop_columns("finished_at").equals(found.drop_columns("finished_at"))


def test_mistakes_are_numbered_within_their_search(one: Coordinator, whole: ShardResult) -> None:
    frame, found = whole.searches.to_pandas(), whole.mistakes.to_pandas()
    assert len(found)
    won = frame.loc[frame["outcome"] == Outcome.MISTAKE, "search_id"]
    assert found["search_id"].drop_duplicates().tolist() == won.tolist()
    assert (found["number"] == found.groupby("search_id").cumcount()).all()
    assert Outcome.FAILED not in set(frame["outcome"])
    assert set(found["strategy"]) == {one.rules.strategy.label}


def test_the_voters_agree_and_the_target_dissents(whole: ShardResult) -> None:
    for row in whole.mistakes.to_pylist():
        right = np.argmax(row["probabilities"], axis=1) == row["label"]
        assert not right[row["target"]]
        assert all(right[(row["target"] + ahead) % 3] for ahead in range(1, row["voters"] + 1))


def test_the_trail_of_a_mistake_composes_to_its_composed(one: Coordinator, whole: ShardResult) -> None:
    transform = one.rules.transform
    for row in whole.mistakes.to_pylist():
        composed = transform.identity(1)
        for move in row["move_parameters"]:
            composed = transform.compose(composed, np.array([list(move.values())]))
        assert composed.astype(np.float32)[0].tolist() == row["composed"]
