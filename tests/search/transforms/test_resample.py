"""Resampling, with each border, against bilinear interpolation written down pixel by pixel."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.transforms import Border, resample
from outvoted.search.transforms.base import whole
from outvoted.search.transforms.resampling import channel_means

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
LINEAR, OFFSET = st.floats(-2.0, 2.0, width=32), st.floats(-6.0, 6.0, width=32)
every_border = pytest.mark.parametrize("border", get_args(Border))
MAPS = st.tuples(LINEAR, LINEAR, OFFSET, LINEAR, LINEAR, OFFSET)


def some(shape: tuple[int, ...], seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def resampled(images: Pixels, *maps: tuple[float, ...], border: Border = "black") -> AnyArray:
    maps_given = torch.tensor(maps, dtype=torch.float32)
    return whole(resample(torch.from_numpy(images).float(), maps_given, border)).numpy()


def pixel(channel: Pixels, x: int, y: int, border: Border) -> float:
    """A pixel of an image that goes on as its border says."""
    height, width = channel.shape
    if border == "reflect":
        x, y = (min(at % (2 * size), -(at + 1) % (2 * size)) for at, size in ((x, width), (y, height)))
    elif border == "edge":
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    inside = 0 <= x < width and 0 <= y < height
    return float(channel[y, x]) if inside else float(channel.mean()) if border == "mean" else 0.0


def between(channel: Pixels, x: float, y: float, border: Border) -> float:
    """The image at any point, weighing the four pixels around it."""
    left, top = math.floor(x), math.floor(y)
    right, low = x - left, y - top
    return (
        (1 - right) * (1 - low) * pixel(channel, left, top, border)
        + right * (1 - low) * pixel(channel, left + 1, top, border)
        + (1 - right) * low * pixel(channel, left, top + 1, border)
        + right * low * pixel(channel, left + 1, top + 1, border)
    )


def by_hand(channel: Pixels, inverse: tuple[float, ...], border: Border) -> AnyArray:
    """Bilinear resampling of one channel in double precision, not rounded."""
    height, width = channel.shape
    a, b, c, d, e, f = inverse
    found = np.empty((height, width))
    for row in range(height):
        for column in range(width):
            x, y = column - (width - 1) / 2, row - (height - 1) / 2
            at_x, at_y = a * x + b * y + c, d * x + e * y + f
            found[row, column] = between(channel, at_x + (width - 1) / 2, at_y + (height - 1) / 2, border)
    return found


@every_border
@given(
    inverse=MAPS,
    channels=st.sampled_from([1, 3]),
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    seed=st.integers(0, 999),
)
@settings(max_examples=60)
def test_it_is_bilinear_interpolation_rounded_once(
    border: Border, inverse: tuple[float, ...], channels: int, size: tuple[int, int], seed: int
) -> None:
    image = some((channels, *size), seed)
    (found,) = resampled(image[None], inverse, border=border)
    expected = np.stack([by_hand(channel, inverse, border) for channel in image])
    assert np.abs(found - expected).max() <= 0.5 + 1e-2


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0), (0, -1), (-7, 3), (11, 12)])
def test_whole_pixels_move_exactly_and_what_comes_in_is_black(x: int, y: int) -> None:
    images = some((2, 3, 33, 47))
    shift = (1, 0, -x, 0, 1, -y)
    expected = np.zeros_like(images)
    height, width = images.shape[2:]
    expected[..., max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = images[
        ..., max(-y, 0) : height + min(-y, 0), max(-x, 0) : width + min(-x, 0)
    ]
    assert (resampled(images, shift, shift) == expected).all()


@pytest.mark.parametrize("shift", [(50, 0), (0, -40), (-1e6, 1e6)])
def test_far_outside_everything_is_black(shift: tuple[float, float]) -> None:
    white = np.full((1, 1, 33, 47), 255, np.uint8)
    assert not resampled(white, (1, 0, shift[0], 0, 1, shift[1])).any()


def test_half_a_pixel_beyond_the_edge_is_half_as_bright() -> None:
    white = np.full((1, 1, 5, 5), 200, np.uint8)
    (((found,),),) = (resampled(white, (1, 0, -0.5, 0, 1, 0))[:, :, 2:3],)
    assert found.tolist() == [[100, 200, 200, 200, 200]]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(turns: int) -> None:
    images = some((1, 3, 12, 12))
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turns]
    found = resampled(images, (cos, sin, 0, -sin, cos, 0))
    assert (found == np.rot90(images, -turns, axes=(2, 3))).all()


def test_mirrors_are_exact() -> None:
    images = some((1, 3, 10, 17))
    assert (resampled(images, (-1, 0, 0, 0, 1, 0)) == images[..., ::-1]).all()
    assert (resampled(images, (1, 0, 0, 0, -1, 0)) == images[..., ::-1, :]).all()


@every_border
def test_each_image_has_its_own_map_and_border(border: Border) -> None:
    images = some((3, 1, 9, 9))
    maps = (IDENTITY, (1, 0, 1, 0, 1, 0), (0.8, 0.1, 0.3, -0.1, 1.2, -0.4))
    together = resampled(images, *maps, border=border)
    for row, inverse in enumerate(maps):
        assert (together[row] == resampled(images[row : row + 1], inverse, border=border)[0]).all()


@every_border
def test_channels_do_not_mix(border: Border) -> None:
    image = some((1, 3, 9, 12))
    image[:, 1] = 0
    found = resampled(image, (0.9, 0.2, 0.5, -0.2, 1.1, -0.5), border=border)
    assert not found[:, 1].any()
    last = resampled(image[:, 2:], (0.9, 0.2, 0.5, -0.2, 1.1, -0.5), border=border)
    assert (found[:, 2] == last[:, 0]).all()


@pytest.mark.parametrize("border", ["reflect", "edge", "mean"])
def test_an_even_image_stays_even_however_far_it_is_moved(border: Border) -> None:
    grey = np.full((1, 3, 8, 11), 91, np.uint8)
    for inverse in ((1, 0, 40, 0, 1, -7), (3, 0.5, 0, -0.5, 3, 0)):
        assert (resampled(grey, inverse, border=border) == 91).all()


@pytest.mark.parametrize(
    ("border", "expected"),
    [
        ("reflect", [20, 10, 10, 20, 30]),
        ("edge", [10, 10, 10, 20, 30]),
        ("mean", [30, 30, 10, 20, 30]),
        ("black", [0, 0, 10, 20, 30]),
    ],
)
def test_what_comes_in_is_as_the_border_says(border: Border, expected: list[int]) -> None:
    row = np.array([10, 20, 30, 40, 50], np.uint8).reshape(1, 1, 1, 5)
    assert resampled(row, (1, 0, -2, 0, 1, 0), border=border)[0, 0, 0].tolist() == expected


def test_a_mean_depends_on_nothing_but_its_channel() -> None:
    images = torch.from_numpy(np.random.default_rng(4).uniform(-50, 300, (9, 3, 61, 47))).float()
    together = channel_means(images)
    torch.testing.assert_close(together, images.mean(dim=(2, 3), keepdim=True))
    for row in range(9):
        for channel in range(3):
            alone = channel_means(images[row : row + 1, channel : channel + 1].transpose(2, 3).contiguous())
            assert torch.equal(alone[0, 0], together[row, channel])


def test_no_images_are_fine() -> None:
    empty = torch.empty((0, 3, 5, 6))
    assert resample(empty, torch.empty((0, 6))).shape == (0, 3, 5, 6)


def test_images_are_left_as_they_were() -> None:
    images, maps = torch.from_numpy(some((2, 1, 6, 6))).float(), torch.tensor([IDENTITY, IDENTITY]) * 1.5
    before, same = images.clone(), maps.clone()
    resample(images, maps)
    assert torch.equal(images, before)
    assert torch.equal(maps, same)
