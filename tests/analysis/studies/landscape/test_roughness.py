"""Roughness by hand, and its laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.studies.opened import MEAN, Ballots, ballots
from outvoted.analysis.studies.roughness import (
    Sequences,
    by_architecture,
    by_classes,
    by_network,
    roughness,
    total_variation,
    unexpected,
)

# two networks, four images, three classes
PROBABILITIES = np.array(
    [
        [[1, 0, 0], [0.5, 0.5, 0], [0.6, 0.4, 0], [0, 1, 0]],
        [[1, 0, 0], [0.2, 0.2, 0.6], [0, 1, 0], [0, 1, 0]],
    ],
    np.float32,
)
FOUND = Ballots(("a", "b"), PROBABILITIES)
WALK = Sequences(
    pd.DataFrame({"group": [0], "first": [0], "second": [1]}), np.array([[0, 1, 2, 3]]), np.array([[0, 1]])
)


def test_roughness_by_hand() -> None:
    rows = roughness(FOUND, WALK).set_index("network").drop(MEAN)
    assert rows.loc["a", "variation"] == pytest.approx(0.5 + 0.1 + 0.6)
    assert rows.loc["a", "detour"] == pytest.approx(0.2)
    assert rows.loc["b", "variation"] == pytest.approx(0.8 + 0.8)
    assert rows["changes"].to_dict() == {"a": 1, "b": 2}
    assert rows["strange"].to_dict() == {"a": 0, "b": 0.25}
    assert rows["dissent"].tolist() == [0.5, 0.5]
    assert rows["first"].tolist() == [0, 0]


def test_dissent_is_the_share_that_differs_from_the_most_frequent_answer() -> None:
    assert FOUND.dissent.tolist() == [0, 0.5, 0.5, 0]
    assert FOUND.predicted.tolist() == [[0, 0, 0, 1], [0, 2, 1, 1]]


def test_the_panels_mean_votes_as_one_more() -> None:
    whole = FOUND.with_mean()
    assert whole.names == (MEAN, "a", "b")
    np.testing.assert_allclose(whole.probabilities[0], PROBABILITIES.mean(0))


def test_votes_are_read_network_by_network() -> None:
    rows = [
        {"network": name, "image_id": image, "probabilities": PROBABILITIES[k, image]}
        for k, name in enumerate("ab")
        for image in range(4)
    ]
    found = ballots(pd.DataFrame(rows))
    assert found.names == ("a", "b")
    np.testing.assert_array_equal(found.probabilities, PROBABILITIES)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(2, 5))
def test_a_walk_is_no_shorter_than_the_straight_way(seed: int, frames: int, classes: int) -> None:
    walked = np.random.default_rng(seed).dirichlet(np.ones(classes), (3, frames))
    variation, detour = total_variation(walked)
    assert (detour >= 0).all()
    assert (variation <= frames - 1).all()
    back, _ = total_variation(walked[:, ::-1])
    np.testing.assert_allclose(back, variation)


@given(st.integers(2, 30))
def test_a_straight_walk_makes_no_detour(frames: int) -> None:
    share = np.linspace(0, 1, frames)
    variation, detour = total_variation(np.stack([share, 1 - share], axis=1)[None])
    assert variation[0] == pytest.approx(1)
    assert detour[0] == pytest.approx(0, abs=1e-12)


def test_unexpected_answers_are_none_of_the_sources() -> None:
    answers = np.array([[0, 1, 2, 3], [3, 3, 3, 3]])
    assert unexpected(answers, np.array([[0, 1], [3, 1]])).tolist() == [0.5, 0]


def rows_of(values: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    found = []
    for (network, group), many in values.items():
        for value in many:
            measured = dict.fromkeys(("variation", "detour", "changes", "strange", "dissent"), value)
            found.append({"network": network, "group": group, "first": group, "second": 2, **measured})
    return pd.DataFrame(found)


ROWS = rows_of(
    {("a", 0): [1, 3], ("a", 1): [4], ("b", 0): [2], ("b", 1): [2], (MEAN, 0): [9], (MEAN, 1): [9]}
)


def test_intervals_are_over_the_means_of_groups() -> None:
    lines = {line.name: line for line in by_network(ROWS)}
    mean, low, high = lines["a"].measures["detour"]
    assert mean == pytest.approx(3)  # of 2 and 4
    assert low is not None
    assert high is not None
    assert (low + high) / 2 == pytest.approx(3)
    assert high - low == pytest.approx(2 * 12.706, rel=1e-3)  # t of one degree of freedom, times 1
    assert lines["a"].groups == 2


def test_architectures_join_their_networks_and_leave_out_the_mean() -> None:
    (line,) = by_architecture(ROWS, {"a": "mlp", "b": "mlp"})
    assert line.name == "mlp"
    assert line.measures["detour"][0] == pytest.approx((2 + 3) / 2)


def test_classes_are_named_and_the_roughest_comes_first() -> None:
    lines = by_classes(ROWS, ["cat", "dog", "cow"])
    assert [line.name for line in lines] == ["dog → cow", "cat → cow"]
    assert lines[0].measures["detour"][1] is None  # one group has no interval


def test_a_mixed_pair_is_the_same_in_both_orders() -> None:
    mixed = ROWS.assign(
        second=lambda rows: 1 - rows["first"], third=2
    )  # 0 + 1 in one group, 1 + 0 in the other
    (line,) = by_classes(mixed, ["cat", "dog", "cow"])
    assert line.name == "cat + dog → cow"
    assert line.groups == 2
