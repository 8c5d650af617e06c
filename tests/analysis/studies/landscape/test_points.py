"""Points between table rows: scatter and ternary plots (Figs. 6 and 8)."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from outvoted.analysis.studies.interpolation.fields import Points, fields
from outvoted.analysis.studies.interpolation.report import draw_fields, draw_ternary, plane, shares
from tests.analysis.studies.landscape.landscapes import FEATURES, NAMES, interpolations, votes

IMAGES = interpolations(2, (0, 1, 2), (0, 1, 2), (1, 3, 4))
EACH = len(IMAGES) // 3
VOTES = votes(len(IMAGES))


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(3, 6))
def test_ternary_coordinates_sum_to_one(seed: int, count: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    found = shares(random.dirichlet(np.full(classes, 0.05), count).astype(np.float32), (2, 0, 1))
    np.testing.assert_allclose(found.sum(1), 1)
    assert (found >= 0).all()


def test_where_none_of_the_three_has_a_share_the_middle_is_taken() -> None:
    nowhere = np.array([[0, 0, 0, 1]], np.float32)
    assert shares(nowhere).tolist() == [[1 / 3] * 3]
    x, y = plane(shares(nowhere))
    assert (x.item(), y.item()) == pytest.approx((0.5, np.sqrt(3) / 6))


@given(st.integers(0, 2**32 - 1))
def test_points_lie_within_the_triangle(seed: int) -> None:
    x, y = plane(np.random.default_rng(seed).dirichlet(np.ones(3), 10))
    height = np.sqrt(0.75)
    assert ((y >= 0) & (y <= height)).all()
    assert (np.abs(x - 0.5) <= (1 - y / height) / 2 + 1e-12).all()


def test_fields_of_the_same_classes_are_one() -> None:
    one, other = fields(IMAGES, VOTES, NAMES)
    assert (one.labels, other.labels) == ((0, 1, 2), (1, 3, 4))
    assert one.title == "between ant, <b>bee</b> and cat"
    np.testing.assert_array_equal(one.mean, VOTES.mean[: 2 * EACH])
    np.testing.assert_array_equal(other.dissent, VOTES.dissent[2 * EACH :])
    np.testing.assert_array_equal(other.values, np.stack(IMAGES["values"].iloc[2 * EACH :].to_list()))


POINTS = Points(
    "by hand",
    (0, 1, 2),
    np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]], np.float32),
    np.array([0.5, 0], np.float32),
)


def test_points_lie_in_the_triangle_by_their_shares_with_an_edge_where_networks_disagree(
    sketched: None, figures: list[Figure], tmp_path: Path
) -> None:
    draw_ternary([POINTS], NAMES, tmp_path / "ternary.png")
    (axes,) = figures[-1].axes
    drawn = [one for one in axes.collections if isinstance(one, PathCollection)]
    expected = np.stack(plane(shares(POINTS.mean)), 1)
    np.testing.assert_allclose(np.concatenate([np.asarray(one.get_offsets()) for one in drawn]), expected)
    assert [one.get_label() for one in drawn] == [NAMES[0], NAMES[2]]
    assert [np.max(one.get_linewidth()) > 0 for one in drawn] == [True, False]
    assert {text.get_text() for text in axes.texts} == set(NAMES[:3])


def test_fields_are_drawn_over_every_pair_of_features_in_the_tables_units(
    sketched: None, figures: list[Figure], tmp_path: Path
) -> None:
    rows = np.arange(6.0).reshape(2, 3)
    draw_fields([POINTS], rows, FEATURES, NAMES, tmp_path / "fields.png")
    pairs = [axes for axes in figures[-1].axes if axes.get_visible()]
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in pairs] == list(combinations(FEATURES, 2))
    for axes, (x, y) in zip(pairs, combinations(range(3), 2), strict=True):
        behind, *classes = (np.asarray(drawn.get_offsets()) for drawn in axes.collections)
        np.testing.assert_array_equal(behind, rows[:, [x, y]])
        np.testing.assert_array_equal(np.concatenate(classes), POINTS.values[:, [x, y]])
