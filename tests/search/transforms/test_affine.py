"""Affine moves against explicit matrices, and the realism budget at its edges."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.transforms import Affine, AffineRange

STILL = (0.0, 0.0, 0.0, 1.0, 1.0, 0.0)
MOVE = st.tuples(
    st.floats(-80, 80),
    st.floats(-9, 9),
    st.floats(-9, 9),
    st.floats(0.4, 2.5),
    st.floats(0.4, 2.5),
    st.floats(-60, 60),
)
SMALL_MOVE = st.tuples(
    st.floats(-6, 6),
    st.floats(-0.6, 0.6),
    st.floats(-0.6, 0.6),
    st.floats(0.94, 1.06),
    st.floats(0.94, 1.06),
    st.floats(-6, 6),
)
BUDGET = Affine().budget


def forward(move: tuple[float, ...]) -> Floats:
    """The 3x3 matrix of a move, by the book: scale, then shear, then rotate, then translate."""
    rotation, x, y, scale_x, scale_y, shear = move
    angle, lean = np.radians(rotation), np.tan(np.radians(shear))
    translate = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
    rotate = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return np.asarray(
        translate @ rotate @ np.array([[1, lean, 0], [0, 1, 0], [0, 0, 1]]) @ np.diag([scale_x, scale_y, 1])
    )


def made_of(*moves: tuple[float, ...]) -> Floats:
    """One composed transform, shape (1, 6)."""
    composed = Affine().identity(1)
    for move in moves:
        composed = Affine().compose(composed, np.array([move]))
    return composed


def changed(place: int, value: float) -> tuple[float, ...]:
    """The move that changes one parameter alone."""
    return (*STILL[:place], value, *STILL[place + 1 :])


def is_realistic(*moves: tuple[float, ...]) -> bool:
    return bool(Affine().within_budget(made_of(*moves))[0])


def shown(picture: AnyArray, *moves: tuple[float, ...]) -> AnyArray:
    """A grey picture after some moves."""
    seed = torch.from_numpy(picture.astype(np.uint8))[None, None]
    return Affine().render(seed, torch.from_numpy(made_of(*moves).astype(np.float32)))[0, 0].numpy()


@given(moves=st.lists(MOVE, max_size=6))
@settings(max_examples=80)
def test_composing_is_multiplying_matrices(moves: list[tuple[float, ...]]) -> None:
    product = np.eye(3)
    for move in moves:
        product = forward(move) @ product
    inverse = np.append(made_of(*moves)[0], [0, 0, 1]).reshape(3, 3)
    np.testing.assert_allclose(inverse @ product, np.eye(3), atol=1e-6)


@given(move=MOVE)
@settings(max_examples=80)
def test_describe_gives_back_a_single_move(move: tuple[float, ...]) -> None:
    np.testing.assert_allclose(Affine().describe(made_of(move))[0], move, rtol=1e-9, atol=1e-9)


@given(moves=st.lists(MOVE, min_size=1, max_size=4))
@settings(max_examples=60)
def test_describe_says_the_product_as_one_move(moves: list[tuple[float, ...]]) -> None:
    product = np.eye(3)
    for move in moves:
        product = forward(move) @ product
    described = tuple(Affine().describe(made_of(*moves))[0])
    np.testing.assert_allclose(forward(described), product, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("place", "limit"),
    [(0, BUDGET.rotation), (1, BUDGET.translation), (2, BUDGET.translation), (5, BUDGET.shear)],
    ids=["rotation", "translation along x", "translation along y", "shear"],
)
def test_each_parameter_is_accepted_up_to_its_bound(place: int, limit: float, sign: int) -> None:
    assert is_realistic(changed(place, sign * limit * (1 - 1e-9)))
    assert not is_realistic(changed(place, sign * limit * (1 + 1e-9)))


@pytest.mark.parametrize("power", [-1, 1])
@pytest.mark.parametrize("place", [3, 4], ids=["scale of x", "scale of y"])
def test_each_scale_is_accepted_up_to_its_bound(place: int, power: int) -> None:
    assert is_realistic(changed(place, (BUDGET.scale * (1 - 1e-9)) ** power))
    assert not is_realistic(changed(place, (BUDGET.scale * (1 + 1e-9)) ** power))


def test_all_parameters_may_stand_at_their_bounds_together() -> None:
    inside = 1 - 1e-9
    corner = (10 * inside, -1 * inside, 1 * inside, 1.1 * inside, 1 / (1.1 * inside), -10 * inside)
    assert is_realistic(corner)
    assert not is_realistic((*corner[:5], -10 * (1 + 1e-9)))


@pytest.mark.parametrize(
    "step", [changed(0, 4), changed(1, -0.4), changed(2, 0.4), changed(3, 1.04), changed(4, 0.96)]
)
def test_the_budget_bounds_the_sum_of_all_moves(step: tuple[float, ...]) -> None:
    assert is_realistic(step, step)
    assert not is_realistic(step, step, step)


@given(move=MOVE)
@settings(max_examples=60)
def test_taking_every_part_of_a_move_back_is_realistic_again(move: tuple[float, ...]) -> None:
    rotation, x, y, scale_x, scale_y, shear = move
    back = [
        changed(1, -x),
        changed(2, -y),
        changed(0, -rotation),
        changed(5, -shear),
        (0, 0, 0, 1 / scale_x, 1 / scale_y, 0),
    ]
    np.testing.assert_allclose(made_of(move, *back), Affine().identity(1), atol=1e-9)
    assert is_realistic(move, *back)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_single_default_move_is_always_realistic(seed: int) -> None:
    transform = Affine()
    moves = transform.sample(np.random.default_rng(seed).uniform(1e-9, 1 - 1e-9, (50, transform.draws)))
    assert transform.within_budget(transform.compose(transform.identity(50), moves)).all()


@given(moves=st.lists(SMALL_MOVE, min_size=1, max_size=3))
@settings(max_examples=100)
def test_the_budget_is_about_what_is_described(moves: list[tuple[float, ...]]) -> None:
    rotation, x, y, scale_x, scale_y, shear = np.abs(Affine().describe(made_of(*moves))[0]).tolist()
    scales = (scale_x, 1 / scale_x, scale_y, 1 / scale_y)
    spent = max(rotation / 10, x, y, shear / 10, *(scale / 1.1 for scale in scales))
    assume(abs(spent - 1) > 1e-9)
    assert is_realistic(*moves) == (spent < 1)


@pytest.mark.parametrize(("x", "y"), [(3, 0), (-2, 0), (0, 4), (0, -1), (5, -6)])
def test_translation_moves_the_picture_right_and_down_by_whole_pixels(x: int, y: int) -> None:
    picture = np.zeros((20, 30))
    picture[8:12, 10:17] = np.arange(28).reshape(4, 7) + 100
    assert (shown(picture, (0, x, y, 1, 1, 0)) == np.roll(picture, (y, x), axis=(0, 1))).all()


def test_scaling_stretches_one_axis_about_the_centre() -> None:
    picture = np.zeros((21, 21))
    picture[8:13, 8:13] = 200
    wide = shown(picture, changed(3, 3.0)) > 100
    assert (wide.any(axis=0).sum(), wide.any(axis=1).sum()) == (15, 5)
    high = shown(picture, changed(4, 3.0)) > 100
    assert (high.any(axis=0).sum(), high.any(axis=1).sum()) == (5, 15)
    assert (wide == wide[::-1, ::-1]).all()


def test_rotation_turns_clockwise_on_the_screen_about_the_centre() -> None:
    picture = np.zeros((21, 21))
    picture[10, 10:] = 255
    once = changed(0, 45)
    turned = shown(picture, once, once) > 127
    expected = np.zeros((21, 21), bool)
    expected[10:, 10] = True
    assert (turned == expected).all()


def test_shear_leans_vertical_lines_and_keeps_horizontal_ones() -> None:
    upright, flat = np.zeros((21, 21)), np.zeros((21, 21))
    upright[:, 10] = flat[10, :] = 255
    leaning = shown(upright, changed(5, 45))
    assert leaning.argmax(axis=1).tolist() == list(range(21))
    assert (shown(flat, changed(5, 20)) == flat).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rotation": -1},
        {"rotation": 90},
        {"translation": -0.1},
        {"translation": float("inf")},
        {"scale": 0.9},
        {"scale": float("nan")},
        {"shear": 90},
        {"zoom": 2},
    ],
    ids=str,
)
def test_impossible_bounds_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        AffineRange.model_validate(BUDGET.model_dump() | wrong)


def test_bounds_are_given_all_or_not_at_all() -> None:
    with pytest.raises(ValidationError):
        AffineRange.model_validate({"rotation": 1})
