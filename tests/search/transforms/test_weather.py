"""Fog and faded contrast against the formulas of ImageNet-C."""

import numpy as np
import pytest
import torch

from outvoted.search.transforms import Fade, Fog
from tests.search.transforms.cases import images


@pytest.mark.parametrize("contrast", [0.4, 0.3])
def test_fading_is_the_contrast_of_the_benchmark(contrast: float) -> None:
    seeds = images(2, (3, 9, 12), 1).double()
    rows = torch.full((2, 1), float(np.log(contrast)), dtype=torch.float64)
    mean = seeds.mean(dim=(2, 3), keepdim=True)
    torch.testing.assert_close(Fade().apply(seeds, rows), (seeds - mean) * contrast + mean)


def test_contrast_is_taken_away_but_never_added() -> None:
    rows = np.log([[0.29], [0.31], [1.0], [1.01]])
    assert Fade().within_budget(rows).tolist() == [False, True, True, False]


def fog(pattern: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """The fog alone: at density 1 nothing of the image is left."""
    rows = torch.tensor([[1.0, pattern]])
    return Fog().apply(torch.zeros((1, *shape)), rows)[0]


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (3, 40, 90)], ids=str)
def test_fog_goes_from_black_to_white_alike_in_all_channels(shape: tuple[int, int, int]) -> None:
    found = fog(77, shape)
    assert (float(found.min()), float(found.max())) == (0, 255)
    assert (found == found[:1]).all()
    assert 60 < float(found.mean()) < 200


def test_fog_takes_the_place_of_what_it_hides() -> None:
    """The benchmark's (x + c fog) / (1 + c), with density c / (1 + c), for images that have white in them."""
    seeds = images(1, (3, 12, 12), 1).double()
    seeds[0, 0, 0, 0] = 255
    weight = 1.5
    rows = torch.tensor([[weight / (1 + weight), 5]], dtype=torch.float64)
    expected = (seeds + weight * Fog().apply(seeds, torch.tensor([[1.0, 5]]).double())) / (1 + weight)
    torch.testing.assert_close(Fog().apply(seeds, rows), expected)


def test_fog_is_smooth_and_every_pattern_another() -> None:
    found = [fog(pattern, (1, 96, 96))[0] for pattern in range(6)]
    for one in found:
        assert float(one.diff(dim=0).abs().mean()) < 8 < float(one.std())
    between = np.corrcoef([one.flatten().numpy() for one in found]) - np.eye(6)
    assert np.abs(between).max() < 0.8
