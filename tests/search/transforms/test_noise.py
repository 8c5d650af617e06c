"""Noise: as strong as it says, normal, and a pattern's picture is the same wherever it is made."""

import numpy as np
import pytest
import torch

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.transforms import GaussianNoise

GREY = torch.full((1, 3, 60, 70), 128.0)


def field(pattern: int, amplitude: float = 1.0, images: torch.Tensor = GREY) -> Floats:
    """The noise of a pattern alone, in one row."""
    noisy = GaussianNoise().apply(images, torch.tensor([[amplitude, float(pattern)]]))
    return np.asarray((noisy - images)[0].double().numpy())


def hashed(word: int) -> int:
    """The finaliser of MurmurHash3."""
    word = (word ^ word >> 16) * 0x85EBCA6B % 2**32
    word = (word ^ word >> 13) * 0xC2B2AE35 % 2**32
    return word ^ word >> 16


def bytes_of(pixel: int, pattern: int) -> int:
    """The sum of the 16 bytes that are a pixel's noise."""
    words = [hashed(hashed(4 * pixel + word) ^ hashed(2**24 + pattern)) for word in range(4)]
    return sum(sum(word.to_bytes(4, "big")) for word in words)


@pytest.mark.parametrize("amplitude", [0.5, 4.0, 16.0])
def test_it_has_the_given_standard_deviation_and_no_mean(amplitude: float) -> None:
    found = field(77, amplitude)
    assert found.std() == pytest.approx(amplitude, rel=0.02)
    assert abs(found.mean()) < 3 * amplitude / np.sqrt(found.size)


def test_it_is_normal() -> None:
    values = np.sort(np.concatenate([field(pattern).ravel() for pattern in range(8)]))
    normal = torch.special.ndtr(torch.from_numpy(values)).numpy()
    ranks = (np.arange(len(values)) + 0.5) / len(values)
    assert np.abs(ranks - normal).max() < 1.63 / np.sqrt(len(values)) + 0.002


@pytest.mark.parametrize("other", [1, 2, 2**12, 2**24 - 1])
def test_patterns_have_nothing_to_do_with_each_other(other: int) -> None:
    one, two = field(0), field(other)
    for shift in (0, 1, 4, 70):
        assert abs(np.corrcoef(one.ravel(), np.roll(two.ravel(), shift))[0, 1]) < 0.04


def test_neighbours_and_channels_have_nothing_to_do_with_each_other() -> None:
    noise = field(5)
    pairs: list[tuple[AnyArray, AnyArray]] = [
        (noise[:, 1:], noise[:, :-1]),
        (noise[:, :, 1:], noise[:, :, :-1]),
        (noise[1:], noise[:-1]),
    ]
    for one, two in pairs:
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.04


def test_a_pattern_is_the_same_in_any_place_of_any_batch() -> None:
    patterns = torch.tensor([7, 2**24 - 1, 7, 123456]).float()
    rows = torch.stack((torch.ones(4), patterns), dim=1)
    noisy = GaussianNoise().apply(GREY.expand(4, -1, -1, -1), rows)
    assert torch.equal(noisy[0], noisy[2])
    for row in range(4):
        assert torch.equal(noisy[row : row + 1], GaussianNoise().apply(GREY, rows[row : row + 1]))


def test_a_pattern_is_what_it_always_was() -> None:
    """Recorded mistakes are rebuilt from the pattern's number alone."""
    deviation = (16 * (256**2 - 1) / 12) ** 0.5
    found = (field(12345, deviation).ravel()[:6] + 2040).round().astype(int).tolist()
    assert found == [bytes_of(pixel, 12345) for pixel in range(6)]
    assert found == [2354, 1618, 2330, 1708, 1821, 1865]


def test_every_move_brings_another_pattern() -> None:
    moves = GaussianNoise().sample(np.random.default_rng(1).uniform(size=(50, 2)))
    rows = GaussianNoise().compose(np.tile([2.0, 2**24 - 1], (50, 1)), moves)
    assert len(set(rows[:, 1])) == 50
    assert ((rows[:, 1] >= 0) & (rows[:, 1] < 2**24)).all()
    assert (rows[:, 1].astype(np.float32) == rows[:, 1]).all()
