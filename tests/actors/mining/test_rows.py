"""Rows: what the climb ended with is what the tables say, in words anyone can read."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.mining.verification import rendered
from outvoted.actors.runs import png, schema
from outvoted.search.climb import Rules
from outvoted.search.plan import Shard


def moves_of(rows: list[dict[str, float]], rules: Rules) -> NDArray[np.float64]:
    """Turn recorded moves into an array, shape (n, parameters)."""
    return np.array([[row[name] for name in rules.transform.parameters] for row in rows])


@pytest.fixture(scope="module")
def mistakes(mined: ShardResult) -> list[dict[str, Any]]:
    """The rows of the mistakes table."""
    rows: list[dict[str, Any]] = mined.mistakes.to_pylist()
    return rows


def test_tables_have_the_schema_of_the_run(mined: ShardResult, rules: Rules) -> None:
    assert mined.searches.schema.equals(schema.SEARCHES.arrow, check_metadata=True)
    assert mined.mistakes.schema.equals(
        schema.mistakes(rules.transform.parameters, rules.transform.measures).arrow, check_metadata=True
    )


def test_a_result_has_its_shards_name(mined: ShardResult, shard: Shard) -> None:
    assert mined.name == shard.name


def test_the_replica_is_the_search_id_without_the_target(mined: ShardResult, rules: Rules) -> None:
    frame = mined.searches.to_pandas()
    assert (frame["replica"] * rules.peers + frame["target"] == frame["search_id"]).all()


def test_the_target_is_named(mined: ShardResult, names: tuple[str, ...]) -> None:
    frame = mined.searches.to_pandas()
    assert frame["target_name"].tolist() == [names[target] for target in frame["target"]]


def test_the_strategy_is_named(mined: ShardResult, rules: Rules) -> None:
    assert set(mined.searches.column("strategy").to_pylist()) == {rules.strategy.label}


def test_all_searches_of_a_shard_finish_at_one_time(mined: ShardResult) -> None:
    times = mined.searches.column("finished_at").to_pylist()
    assert len(set(times)) == 1
    assert times[0].utcoffset().total_seconds() == 0


def test_the_trail_holds_every_move(mistakes: list[dict[str, Any]]) -> None:
    assert [len(row["move_parameters"]) for row in mistakes] == [row["moves"] for row in mistakes]
    assert max(row["moves"] for row in mistakes) > 2


def test_every_move_lies_within_the_range_of_moves(mistakes: list[dict[str, Any]], rules: Rules) -> None:
    limit = getattr(rules.transform, "move")  # noqa: B009
    for row in mistakes:
        rotation, tx, ty, sx, sy, shear = moves_of(row["move_parameters"], rules).T
        assert (np.abs(rotation) <= limit.rotation).all()
        assert (np.abs([tx, ty]) <= limit.translation).all()
        assert (np.abs(np.log([sx, sy])) <= np.log(limit.scale) + 1e-12).all()
        assert (np.abs(shear) <= limit.shear).all()


def test_the_trail_composes_to_composed(mistakes: list[dict[str, Any]], rules: Rules) -> None:
    for row in mistakes:
        composed = rules.transform.identity(1)
        for move in moves_of(row["move_parameters"], rules):
            composed = rules.transform.compose(composed, move[None])
        assert composed.astype(np.float32)[0].tolist() == row["composed"]


def test_measures_describe_composed(mistakes: list[dict[str, Any]], rules: Rules) -> None:
    described = moves_of([row["measures"] for row in mistakes], rules)
    composed = np.array([row["composed"] for row in mistakes])
    np.testing.assert_allclose(described, rules.transform.describe(composed), rtol=1e-4, atol=1e-4)


def test_affine_measures_do_in_one_move_what_the_trail_did(
    mistakes: list[dict[str, Any]], rules: Rules
) -> None:
    described = moves_of([row["measures"] for row in mistakes], rules)
    once = rules.transform.compose(rules.transform.identity(len(mistakes)), described)
    np.testing.assert_allclose(once, [row["composed"] for row in mistakes], atol=1e-5)


def test_every_mistake_stays_within_the_realism_budget(mistakes: list[dict[str, Any]], rules: Rules) -> None:
    described = moves_of([row["measures"] for row in mistakes], rules)
    composed = rules.transform.compose(rules.transform.identity(len(mistakes)), described)
    assert rules.transform.within_budget(composed).all()


def test_stored_pixels_are_the_seed_under_composed(
    mistakes: list[dict[str, Any]], rules: Rules, digits: Dataset
) -> None:
    seeds = digits.train.images[[row["seed_id"] for row in mistakes]]
    images = rendered(rules.transform, seeds, np.array([row["composed"] for row in mistakes], np.float32))
    for row, image in zip(mistakes, images, strict=True):
        np.testing.assert_array_equal(png.decode(row["image"]["bytes"]), image)
        assert row["image"]["path"] is None


def test_the_margin_is_the_least_peers_probability_less_the_targets(
    mistakes: list[dict[str, Any]],
) -> None:
    for row in mistakes:
        right = [peer[row["label"]] for peer in row["probabilities"]]
        target = right.pop(row["target"])
        assert row["margin"] == pytest.approx(min(right) - target, abs=1e-6)


def test_all_peers_probabilities_are_kept(
    mistakes: list[dict[str, Any]], rules: Rules, digits: Dataset
) -> None:
    for row in mistakes:
        assert np.shape(row["probabilities"]) == (rules.peers, digits.classes)
