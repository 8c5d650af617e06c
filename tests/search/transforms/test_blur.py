"""Blur against weighted sums written out."""

import numpy as np
import pytest
import torch

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.transforms import Blur, BlurRange

WIDE = Blur(budget=BlurRange(sigma=3))


def blurred(images: AnyArray, *sigmas: float) -> Floats:
    rows = torch.tensor(sigmas, dtype=torch.float64).view(-1, 1)
    return np.asarray(WIDE.apply(torch.from_numpy(images.astype(np.float64)), rows).numpy())


def by_hand(channel: AnyArray, sigma: float) -> Floats:
    """Every pixel as a weighted sum over the image, which goes on beyond its edges."""
    away = np.arange(-12, 13)
    bell = np.exp(-(away**2) / (2 * sigma**2))
    bell /= bell.sum()
    height, width = channel.shape
    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            rows = np.clip(y + away, 0, height - 1)
            columns = np.clip(x + away, 0, width - 1)
            found[y, x] = bell @ channel[np.ix_(rows, columns)] @ bell
    return found


@pytest.mark.parametrize("shape", [(11, 17), (3, 4), (1, 9)], ids=str)
def test_it_is_the_weighted_sum_of_the_neighbours(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(3).integers(0, 256, (3, 2, *shape))
    sigmas = (0.3, 1.0, 3.0)
    for image, found, sigma in zip(images, blurred(images, *sigmas), sigmas, strict=True):
        expected = [by_hand(channel, sigma) for channel in image]
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_an_even_picture_stays_as_it_is() -> None:
    np.testing.assert_allclose(blurred(np.full((1, 1, 9, 9), 77), 2.0), 77, atol=1e-9)


def test_a_point_spreads_as_far_as_sigma_says() -> None:
    point = np.zeros((1, 1, 41, 41))
    point[0, 0, 20, 20] = 1
    spread = blurred(point, 2.0)[0, 0]
    away = np.arange(41) - 20
    assert spread.sum() == pytest.approx(1)
    assert (spread.sum(axis=0) * away**2).sum() == pytest.approx(4, rel=0.01)


def test_a_blur_that_nobody_can_see_is_none() -> None:
    """So small steps away from the seed have no gradient: gradient strategies need a first move."""
    images = np.random.default_rng(3).integers(0, 256, (1, 1, 8, 8))
    assert (blurred(images, 0.025) == images).all()


def test_the_width_stays_between_nothing_and_the_budget() -> None:
    rows = np.array([[-0.01], [0], [3], [3.01]])
    assert WIDE.within_budget(rows).tolist() == [False, True, True, False]
