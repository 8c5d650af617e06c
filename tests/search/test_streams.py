"""Counter-based streams: the published Philox, keyed as documented, the same in whatever company."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import Floats
from outvoted.search.streams import Purpose, philox4x32, uniforms

Four = tuple[int, int, int, int]

ONES = 0xFFFFFFFF
RUN_SEEDS = st.integers(0, 2**64 - 1)
PURPOSES = st.sampled_from(Purpose)
INDICES = st.integers(0, 2**63 - 1)
STEPS = st.integers(0, 2**32 - 1)
KEYS = st.tuples(RUN_SEEDS, PURPOSES, INDICES, STEPS)


def plain_philox(counter: Four, key: tuple[int, int]) -> Four:
    """Philox4x32-10 for one counter in Python's integers, after the paper's figure."""
    c0, c1, c2, c3 = counter
    for number in range(10):
        k0, k1 = (key[0] + number * 0x9E3779B9) & ONES, (key[1] + number * 0xBB67AE85) & ONES
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return c0, c1, c2, c3


def row(key: tuple[int, Purpose, int, int], count: int = 4) -> Floats:
    """The draws of one key."""
    run_seed, purpose, index, step = key
    return uniforms(run_seed, purpose, np.array([index]), np.array([step]), count).ravel()


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_philox_gives_the_known_answers_of_random123(
    counter: Four, key: tuple[int, int], words: Four
) -> None:
    c0, c1, c2, c3 = (np.array([word], np.uint64) for word in counter)
    assert tuple(int(word[0]) for word in philox4x32((c0, c1, c2, c3), key)) == words
    assert plain_philox(counter, key) == words


@given(key=KEYS, count=st.integers(1, 11))
@settings(max_examples=60)
def test_draws_are_the_words_of_their_key(key: tuple[int, Purpose, int, int], count: int) -> None:
    run_seed, purpose, index, step = key
    words = [
        word
        for block in range(-(-count // 4))
        for word in plain_philox(
            ((purpose << 16) | block, step, index & ONES, index >> 32), (run_seed & ONES, run_seed >> 32)
        )
    ]
    assert row(key, count).tolist() == [(word + 0.5) / 2**32 for word in words[:count]]


def test_draws_stay_the_same_for_ever() -> None:
    draws = uniforms(0, Purpose.MOVE, np.array([0]), np.array([0]), 4)[0]
    assert (draws * 2**32 - 0.5).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


@given(data=st.data(), keys=st.lists(st.tuples(INDICES, STEPS), min_size=1, max_size=40))
@settings(max_examples=40)
def test_a_row_does_not_depend_on_company_or_order(data: st.DataObject, keys: list[tuple[int, int]]) -> None:
    order = data.draw(st.permutations(range(len(keys))))
    index, step = np.array(keys).T
    whole = uniforms(5, Purpose.MOVE, index, step, 6)
    assert (uniforms(5, Purpose.MOVE, index[order], step[order], 6) == whole[order]).all()
    assert [row((5, Purpose.MOVE, *key), 6).tolist() for key in keys] == whole.tolist()


@given(one=KEYS, two=KEYS)
@settings(max_examples=100)
def test_different_keys_draw_differently(
    one: tuple[int, Purpose, int, int], two: tuple[int, Purpose, int, int]
) -> None:
    assert (row(one).tolist() == row(two).tolist()) == (one == two)


@pytest.mark.parametrize("place", range(4), ids=["run seed", "purpose", "index", "step"])
@given(key=KEYS)
@settings(max_examples=40)
def test_each_part_of_a_key_matters(place: int, key: tuple[int, Purpose, int, int]) -> None:
    run_seed, purpose, index, step = key
    other = [
        (run_seed ^ (1 << 63), purpose, index, step),
        (run_seed, Purpose((purpose + 1) % len(Purpose)), index, step),
        (run_seed, purpose, index ^ (1 << 40), step),
        (run_seed, purpose, index, step ^ 1),
    ][place]
    assert not (row(key) == row(other)).any()


@given(key=KEYS, more=st.integers(1, 9), fewer=st.integers(1, 9))
@settings(max_examples=40)
def test_asking_for_more_draws_changes_none(
    key: tuple[int, Purpose, int, int], more: int, fewer: int
) -> None:
    assert row(key, fewer + more)[:fewer].tolist() == row(key, fewer).tolist()


def test_a_million_draws_are_roughly_uniform_and_inside_the_open_interval() -> None:
    draws = uniforms(3, Purpose.MOVE, np.repeat(np.arange(1000), 250), np.tile(np.arange(250), 1000), 4)
    assert draws.shape == (250_000, 4)
    assert draws.min() > 0
    assert draws.max() < 1
    counts = np.bincount((draws.ravel() * 100).astype(int), minlength=100)
    assert np.abs(counts - 10_000).max() < 600
    assert abs(draws.mean() - 0.5) < 0.002


def test_neighbouring_draws_are_uncorrelated() -> None:
    index, step = np.repeat(np.arange(300), 300), np.tile(np.arange(300), 300)
    draws = uniforms(3, Purpose.MOVE, index, step, 2).reshape(300, 300, 2)
    pairs = [
        (draws[:-1, :, 0], draws[1:, :, 0]),
        (draws[:, :-1, 0], draws[:, 1:, 0]),
        (draws[..., 0], draws[..., 1]),
    ]
    for one, two in pairs:
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.02


def test_no_draws_and_no_rows_are_fine() -> None:
    empty = np.empty(0, np.int64)
    assert uniforms(1, Purpose.SEED, empty, empty, 3).shape == (0, 3)
    assert uniforms(1, Purpose.SEED, np.arange(2), np.arange(2), 0).shape == (2, 0)
