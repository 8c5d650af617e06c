"""Random copies: within the realism budget, moved as often as asked, the same for the same key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.healing import moved_split, walks, wandered
from outvoted.search.transforms import Affine, AffineRange

AFFINE = Affine()
NARROW = Affine(budget=AffineRange(rotation=1, translation=0.1, scale=1.01, shear=1))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), moves=st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_walks_stay_within_the_budget(seed: int, moves: list[int]) -> None:
    walked = walks(AFFINE, np.array(moves), np.random.default_rng(seed))
    assert AFFINE.within_budget(walked).all()
    still = (walked == AFFINE.identity(len(moves))).all(axis=1)
    assert still.tolist() == [count == 0 for count in moves]


def test_more_moves_go_further() -> None:
    rng = np.random.default_rng(0)
    near, far = (np.abs(AFFINE.describe(walks(AFFINE, np.full(500, n), rng))[:, 0]).mean() for n in (1, 5))
    assert far > 1.1 * near


def test_a_budget_that_hardly_any_move_meets_ends_the_walk() -> None:
    tight = Affine(budget=AffineRange(rotation=0, translation=0, scale=1, shear=0))
    rng = np.random.default_rng(0)
    assert (walks(tight, np.array([3]), rng) == tight.identity(1)).all()
    assert NARROW.within_budget(walks(NARROW, np.array([2, 2]), rng)).all()


def test_the_moved_test_set_is_the_same_each_time(digits: Dataset) -> None:
    one, again, other = (moved_split(AFFINE, digits.test, 5, key) for key in (1, 1, 2))
    np.testing.assert_array_equal(one.images, again.images)
    assert (one.images != other.images).any()
    assert (one.images != digits.test.images).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(one.labels, digits.test.labels)


def test_unmoved_images_are_what_they_were(digits: Dataset) -> None:
    images = digits.test.images[:9]
    found = wandered(AFFINE, images, np.zeros(9, np.int64), np.random.default_rng(0))
    np.testing.assert_array_equal(found, images)


@pytest.mark.filterwarnings("error")
def test_read_only_images_are_left_alone(digits: Dataset) -> None:
    images = digits.test.images[:4].copy()
    images.setflags(write=False)
    moved = wandered(AFFINE, images, np.full(4, 2), np.random.default_rng(0))
    np.testing.assert_array_equal(images, digits.test.images[:4])
    assert (moved != images).any()
