"""Photometric changes and channel gains against numpy, by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import ChannelGain, Photometric, PhotometricRange

LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
EVERY = PhotometricRange(brightness=255, contrast=10, gamma=10)


def changed(brightness: float, log_contrast: float, log_gamma: float) -> AnyArray:
    """Every grey level, changed but not rounded."""
    composed = torch.tensor([[brightness, log_contrast, log_gamma]])
    return Photometric().apply(torch.from_numpy(LEVELS).float(), composed)[0, 0].numpy()


@given(brightness=st.floats(-100, 100), contrast=st.floats(-1, 1), gamma=st.floats(-1, 1))
@settings(max_examples=60)
def test_gamma_then_contrast_about_mid_grey_then_brightness(
    brightness: float, contrast: float, gamma: float
) -> None:
    bent = 255 * (LEVELS[0, 0] / 255.0) ** np.exp(gamma)
    expected = 127.5 + np.exp(contrast) * (bent - 127.5) + brightness
    np.testing.assert_allclose(changed(brightness, contrast, gamma), expected, atol=1e-3)


def test_brightness_adds_grey_levels_and_clips() -> None:
    moved = Photometric().render(torch.from_numpy(LEVELS), torch.tensor([[10.0, 0, 0]]))
    assert (moved[0, 0].numpy() == np.minimum(LEVELS[0, 0].astype(int) + 10, 255)).all()


def test_gamma_keeps_black_and_white() -> None:
    bent = changed(0, 0, 0.7)
    assert (bent[0, 0], bent[-1, -1]) == (0, 255)
    assert (bent[0, 1:] < LEVELS[0, 0, 0, 1:]).all()


def test_measures_are_factors_and_levels() -> None:
    described = Photometric().describe(np.array([[-3.0, np.log(2), -np.log(2)]]))
    np.testing.assert_allclose(described, [[-3, 2, 0.5]])
    assert Photometric().measures == ("brightness_levels", "contrast", "gamma")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("sign", [-1, 1])
def test_each_number_is_accepted_up_to_its_bound(place: int, sign: int) -> None:
    limits: Floats = np.array([25, np.log(1.2), np.log(1.2)])
    rows = np.zeros((2, 3))
    rows[:, place] = sign * limits[place] * np.array([1 - 1e-9, 1 + 1e-9])
    assert Photometric().within_budget(rows).tolist() == [True, False]


def test_what_stands_outside_the_levels_is_clipped_before_it_is_bent() -> None:
    outside = torch.tensor([-40.0, 300.0]).view(1, 1, 1, 2)
    found = Photometric(budget=EVERY).apply(outside, torch.tensor([[0.0, 0, 0.3]]))
    assert found.flatten().tolist() == [0, 255]


def test_gains_multiply_their_own_channel() -> None:
    seeds = torch.full((2, 3, 2, 2), 100, dtype=torch.uint8)
    gains = torch.log(torch.tensor([[1.1, 1, 0.9], [0.5, 2, 3]]))
    rendered = ChannelGain().render(seeds, gains)
    assert rendered[:, :, 0, 0].tolist() == [[110, 100, 90], [50, 200, 255]]


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_gains_are_for_three_channels(channels: int) -> None:
    ChannelGain().check((3, 8, 8))
    with pytest.raises(OutvotedError, match=f"images of {channels} channel"):
        ChannelGain().check((channels, 8, 8))
