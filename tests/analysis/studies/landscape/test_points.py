"""Points between table rows: scatter and ternary plots (Figs. 6 and 8)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.report.drawing import colour
from outvoted.analysis.studies.interpolation.pictures import plane, scatter_plot, shares, ternary_plot
from outvoted.analysis.studies.interpolation.points import Points, fields, joined
from tests.analysis.studies.landscape.landscapes import FEATURES, NAMES, interpolations, votes

IMAGES = interpolations(2, (0, 1, 2), (0, 1, 2), (1, 3, 4))
EACH = len(IMAGES) // 3
VOTES = votes(len(IMAGES))
WHOSE = VOTES.mean_first().names


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


def test_fields_of_the_same_classes_are_also_drawn_together() -> None:
    together, *groups = fields(IMAGES, VOTES)
    assert [one.title for one in groups] == ["group 1", "group 2", "group 3"]
    assert [one.labels for one in groups] == [(0, 1, 2), (0, 1, 2), (1, 3, 4)]
    assert together.title == "groups of these classes"
    np.testing.assert_array_equal(together.answers, VOTES.mean_first().probabilities[:, : 2 * EACH])
    np.testing.assert_array_equal(groups[2].dissent, VOTES.dissent[2 * EACH :])
    assert [
        one.title for one in fields(IMAGES[IMAGES["group"] == 2].assign(image_id=range(EACH)), VOTES)
    ] == ["group 3"]


POINTS = Points(
    "by hand",
    np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    np.array([[[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]], [[0.1, 0.9, 0.0], [0.0, 0.0, 1.0]]], np.float32),
    np.array([0.5, 0], np.float32),
    (0, 1, 2),
)


def test_points_look_as_they_are_answered() -> None:
    mean, network = POINTS.markers(0), POINTS.markers(1)
    assert mean["marker.color"] == [colour(0), colour(2)]
    assert network["marker.color"] == [colour(1), colour(2)]
    assert network["marker.symbol"] == ["triangle-up-open", "square"]  # networks part on the first
    assert POINTS.sizes(0)[0] > POINTS.sizes(0)[1]
    assert POINTS.said(1, NAMES) == ["&lt;b&gt;bee&lt;/b&gt;: 0.9", "cat: 1.0"]


def test_points_of_several_sources_are_joined_in_order() -> None:
    twice = joined("both", [POINTS, POINTS])
    assert twice.values.shape == (4, 3)
    np.testing.assert_array_equal(twice.answers[:, 2:], POINTS.answers)
    assert twice.dissent.tolist() == [0.5, 0, 0.5, 0]


def test_a_ternary_plot_holds_the_shares_of_every_network() -> None:
    some = fields(IMAGES, VOTES)
    figure = ternary_plot(some, WHOSE, NAMES)
    for points, button in zip(some, figure.layout.updatemenus[0].buttons, strict=True):
        traces, layout, _ = button.args
        three = np.array([traces[side] for side in "abc"])
        assert three.shape == (3, len(WHOSE), len(points.values))
        np.testing.assert_allclose(three.sum(0), 1, atol=2e-3)
        np.testing.assert_allclose(three[:, 1].T, shares(points.answers[1], points.labels), atol=6e-4)
        corner = NAMES[points.labels[0]].replace("<", "&lt;").replace(">", "&gt;")
        assert layout["ternary.aaxis.title.text"] == corner
    assert not any(trace.type == "scatter" for trace in figure.data)  # which would bring axes of its own


def test_a_scatter_plot_shows_every_pair_of_features_in_the_tables_units() -> None:
    rows = np.arange(6.0).reshape(2, 3)
    figure = scatter_plot([POINTS], rows, FEATURES, ("mean", "net"), NAMES)
    first = [trace for trace in figure.data if trace.visible and trace.x is not None and len(trace.x) == 2]
    drawn = [(trace.x, trace.y) for trace in first if not trace.name]
    assert drawn == [((1, 4), (2, 5)), ((1, 4), (3, 6)), ((2, 5), (3, 6))]
    behind = [(trace.x, trace.y) for trace in first if trace.name == "the table's rows"]
    assert behind == [((0, 3), (1, 4)), ((0, 3), (2, 5)), ((1, 4), (2, 5))]
    assert figure.layout.yaxis2.title.text == "&lt;i&gt;mass&lt;/i&gt;"
