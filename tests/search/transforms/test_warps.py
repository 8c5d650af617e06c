"""Perspective and distortion: where pixels are found, against positions written out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import Floats
from outvoted.search.transforms import Geometric, GridDistortion, Perspective
from outvoted.search.transforms.resampling import found

HEIGHT, WIDTH = 30, 40
KEYSTONE = st.floats(-0.4, 0.4)


def seen(transform: Geometric, composed: list[float], x: float, y: float) -> tuple[float, float]:
    """The input position that is seen at an output position."""
    rows = torch.tensor([composed], dtype=torch.float64)
    at = torch.tensor([[[x]]], dtype=torch.float64), torch.tensor([[[y]]], dtype=torch.float64)
    across, down = found(transform.inverse_map(rows, HEIGHT, WIDTH), *at)
    return float(across), float(down)


def test_a_positive_keystone_enlarges_its_edge_and_shrinks_the_other() -> None:
    assert seen(Perspective(), [0.25, 0], 20, 10) == pytest.approx((16, 8))
    assert seen(Perspective(), [0.25, 0], -20, 10) == pytest.approx((-20 / 0.75, 10 / 0.75))
    assert seen(Perspective(), [0, 0.25], 8, 15) == pytest.approx((6.4, 12))
    assert seen(Perspective(), [0.25, -0.4], 0, 0) == (0, 0)


@given(one=st.tuples(KEYSTONE, KEYSTONE), x=st.floats(-20, 20), y=st.floats(-15, 15))
@settings(max_examples=60)
def test_straight_lines_stay_straight(one: tuple[float, float], x: float, y: float) -> None:
    """Three points of a line are seen on a line."""
    points = [(*seen(Perspective(), list(one), x * at, y * at + 1), 1.0) for at in (0.1, 0.5, 0.9)]
    assert abs(np.linalg.det(np.array(points))) < 1e-6


def test_nothing_is_seen_from_behind_the_camera() -> None:
    across, down = seen(Perspective(), [-0.4, -0.4], 200, 200)
    assert across == pytest.approx(200 / 0.05)
    assert down == pytest.approx(200 / 0.05)


def nodes(**shifts: float) -> list[float]:
    names = [axis.name for axis in GridDistortion().axes]
    return [shifts.get(name.removesuffix("_share"), 0.0) for name in names]


def by_hand(x: float, y: float, shifts: Floats) -> Floats:
    """The shift at a position: tensor products of cubic B-splines, piece by piece."""

    def spline(t: float) -> float:
        t = abs(t)
        return (4 - 6 * t**2 + 3 * t**3) / 6 if t < 1 else (2 - t) ** 3 / 6 if t < 2 else 0.0

    across = [spline(2 * x / WIDTH - node) for node in (-1, 0, 1)]
    down = [spline(2 * y / HEIGHT - node) for node in (-1, 0, 1)]
    return np.asarray(np.einsum("r,c,rca->a", down, across, shifts) * [WIDTH, HEIGHT])


@given(x=st.floats(-60, 60), y=st.floats(-50, 50), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_a_position_is_shifted_by_the_nodes_around_it(x: float, y: float, seed: int) -> None:
    shifts = np.random.default_rng(seed).uniform(-0.1, 0.1, (3, 3, 2))
    expected = np.array([x, y]) - by_hand(x, y, shifts)
    np.testing.assert_allclose(seen(GridDistortion(), shifts.ravel().tolist(), x, y), expected, atol=1e-9)


def test_a_node_takes_its_surroundings_along_and_leaves_what_is_far() -> None:
    moved = nodes(node11_x=0.05)  # the upper left node goes to the right
    x, y = seen(GridDistortion(), moved, -20, -15)
    assert (x, y) == pytest.approx((-20 - 0.05 * WIDTH * (2 / 3) ** 2, -15))
    assert seen(GridDistortion(), moved, 20, 15) == (20, 15)
    assert seen(GridDistortion(), moved, -400, 0) == (-400, 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_image_never_folds(seed: int) -> None:
    shifts = np.random.default_rng(seed).choice([-0.15, 0.15], 18).tolist()
    for y in (-15.0, -4.0, 7.0):
        line = [seen(GridDistortion(), shifts, x, y)[0] for x in np.linspace(-20, 20, 81)]
        assert (np.diff(line) > 0).all()
