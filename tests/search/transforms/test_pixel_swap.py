"""Pixel swaps against a plain loop."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Floats, Pixels
from outvoted.search.transforms import PixelSwap, SwapBudget, SwapMove

FIVE = PixelSwap(budget=SwapBudget(swaps=5))


def composed(transform: PixelSwap, *moves: Floats) -> Floats:
    """Moves (n, 4) one after the other."""
    found = transform.identity(len(moves[0]) if moves else 1)
    for move in moves:
        found = transform.compose(found, move)
    return found


def drawn(n: int, seed: int) -> Floats:
    return FIVE.sample(np.random.default_rng(seed).uniform(size=(n, 4)))


def rendered(transform: PixelSwap, seeds: Pixels, rows: Floats) -> AnyArray:
    return transform.render(torch.from_numpy(seeds), torch.from_numpy(rows.astype(np.float32))).numpy()


def one_by_one(seed: Pixels, moves: Floats) -> Pixels:
    image = seed.copy()
    height, width = image.shape[1:]
    for move in moves:
        y, x, v, u = (int(share * side) for share, side in zip(move, (height, width) * 2, strict=True))
        image[:, y, x], image[:, v, u] = image[:, v, u].copy(), image[:, y, x].copy()
    return image


@given(
    shape=st.tuples(st.sampled_from([1, 3]), st.integers(1, 7), st.integers(1, 7)),
    times=st.integers(0, 12),
    seed=st.integers(0, 9999),
)
@settings(max_examples=60)
def test_swaps_are_made_one_after_the_other(shape: tuple[int, int, int], times: int, seed: int) -> None:
    transform = PixelSwap(budget=SwapBudget(swaps=12))
    seeds = np.random.default_rng(seed).integers(0, 256, (4, *shape), np.uint8)
    moves = [drawn(4, seed + time) for time in range(times)]
    found = rendered(transform, seeds, composed(transform, *moves) if moves else transform.identity(4))
    for row in range(4):
        expected = one_by_one(seeds[row], np.array([move[row] for move in moves]))
        assert (found[row] == expected).all()


def test_swapping_a_pair_twice_gives_the_seed_back() -> None:
    seeds = np.random.default_rng(0).integers(0, 256, (6, 3, 9, 5), np.uint8)
    move = drawn(6, 3)
    assert (rendered(FIVE, seeds, composed(FIVE, move)) != seeds).any()
    assert (rendered(FIVE, seeds, composed(FIVE, move, move)) == seeds).all()
    assert (rendered(FIVE, seeds, composed(FIVE, move, move[:, [2, 3, 0, 1]])) == seeds).all()


def test_pixels_are_only_rearranged() -> None:
    seeds = np.random.default_rng(1).integers(0, 256, (3, 1, 28, 28), np.uint8)
    found = rendered(FIVE, seeds, composed(FIVE, *(drawn(3, time) for time in range(5))))
    assert (np.sort(found.reshape(3, -1)) == np.sort(seeds.reshape(3, -1))).all()
    assert 0 < (found != seeds).sum() <= 3 * 10


def test_one_swap_too_many_is_outside_the_budget() -> None:
    within = [
        bool(FIVE.within_budget(composed(FIVE, *(drawn(1, time) for time in range(times))))[0])
        for times in range(1, 8)
    ]
    assert within == [True] * 5 + [False] * 2
    assert FIVE.describe(composed(FIVE, *(drawn(1, time) for time in range(7)))).tolist() == [[7]]


@pytest.mark.parametrize("side", [1, 28, 224, 1000])
def test_the_greatest_share_is_the_last_pixel_and_survives_single_precision(side: int) -> None:
    move = FIVE.sample(np.full((1, 4), 1 - 2.0**-33))
    assert (move < 1).all()
    assert (move.astype(np.float32) == move).all()
    seeds = np.zeros((1, 1, side, 2), np.uint8)
    seeds[0, 0, -1, -1] = 9
    swap = np.array([[move[0, 0], move[0, 1], 0, 0]])
    assert rendered(FIVE, seeds, composed(FIVE, swap))[0, 0, 0, 0] == 9


def test_both_pixels_lie_within_reach_of_one_another_and_fill_it() -> None:
    near = PixelSwap(move=SwapMove(reach=1 / 28))
    moves = near.sample(np.random.default_rng(3).uniform(1e-9, 1 - 1e-9, (5000, near.draws)))
    apart = np.abs(moves[:, 2:] - moves[:, :2])
    assert ((moves >= 0) & (moves < 1)).all()
    assert apart.max() <= 1 / 28 + 2**-23
    assert apart.max() > 0.99 / 28


def test_without_a_reach_the_second_place_is_anywhere() -> None:
    moves = PixelSwap().sample(np.random.default_rng(4).uniform(1e-9, 1 - 1e-9, (5000, 4)))
    assert np.abs(np.histogram(moves[:, 2], bins=5, range=(0, 1))[0] - 1000).max() < 150
    assert abs(np.corrcoef(moves[:, 0], moves[:, 2])[0, 1]) < 0.05
