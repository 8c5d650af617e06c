"""Occlusion: covered pixels take the grey level, partly covered ones their share of it."""

import numpy as np
import torch

from outvoted.search.arrays import AnyArray
from outvoted.search.transforms import Occlusion


def covered(shape: tuple[int, int], *numbers: float) -> AnyArray:
    """An image of grey level 100 under (x, y, width, height, grey from the middle)."""
    images = torch.full((1, 1, *shape), 100.0)
    return Occlusion().apply(images, torch.tensor([numbers]))[0, 0].numpy()


def test_a_rectangle_of_whole_pixels_is_filled() -> None:
    expected = np.full((8, 20), 100.0)
    expected[4:8, 0:5] = 27.5
    assert (covered((8, 20), -0.375, 0.25, 0.25, 0.5, -100) == expected).all()


def test_a_pixel_that_is_half_covered_goes_half_the_way() -> None:
    row = covered((1, 10), 0.05, 0, 0.3, 1, 22.5)[0]
    assert np.allclose(row, [100, 100, 100, 100, 150, 150, 150, 100, 100, 100], atol=1e-4)
    shifted = covered((1, 10), 0.1, 0, 0.3, 1, 22.5)[0]
    assert np.allclose(shifted, [100, 100, 100, 100, 125, 150, 150, 125, 100, 100], atol=1e-4)


def test_a_speck_inside_one_pixel_counts_by_its_area() -> None:
    found = covered((10, 10), 0.05, 0.05, 0.05, 0.02, 127.5)
    assert np.isclose(found[5, 5], 100 + 155 * 0.5 * 0.2, atol=1e-3)
    assert (np.delete(found.ravel(), 55) == 100).all()


def test_what_hangs_over_the_edge_is_cut_off() -> None:
    found = covered((10, 10), 0.5, 0, 0.4, 1, 127.5)
    assert np.allclose(found[:, 8:], 255)
    assert np.allclose(found[:, :8], 100)


def test_a_rectangle_without_width_is_none() -> None:
    assert (covered((7, 9), 0.1, 0.2, 0, 1, 127.5) == 100).all()


def test_all_channels_are_covered_alike() -> None:
    images = torch.rand((1, 3, 9, 9)) * 255
    found = Occlusion().apply(images, torch.tensor([[0.0, 0, 1, 1, 0]]))
    assert torch.allclose(found, torch.tensor(127.5))
