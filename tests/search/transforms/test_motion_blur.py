"""Motion blur: how far and in which direction a point is drawn out."""

import numpy as np
import pytest
import torch

from outvoted.search.arrays import Floats
from outvoted.search.transforms import MotionBlur, MotionRange

FAR = MotionBlur(budget=MotionRange(way=0.4))


def blurred(image: Floats, x: float, y: float, transform: MotionBlur = FAR) -> Floats:
    rows = torch.tensor([[x, y]], dtype=torch.float64)
    return np.asarray(transform.apply(torch.from_numpy(image)[None, None], rows)[0, 0].numpy())


def test_a_point_becomes_a_line_of_the_way_s_length() -> None:
    point = np.zeros((41, 41))
    point[20, 20] = 1
    line = blurred(point, 12 / 41, 0)
    assert line.sum() == pytest.approx(1)
    assert not np.delete(line, 20, axis=0).any()
    away = np.arange(41) - 20
    assert (line[20] * away).sum() == pytest.approx(0, abs=1e-9)
    assert ((line[20] * away**2).sum()) == pytest.approx(12**2 / 12, rel=0.03)
    np.testing.assert_allclose(blurred(point, 0, 12 / 41), line.T, atol=1e-12)


def test_a_slanted_way_slants() -> None:
    point = np.zeros((41, 41))
    point[20, 20] = 1
    line = blurred(point, 8 / 41, 8 / 41)
    down, across = np.mgrid[:41, :41] - 20
    assert (line * across * down).sum() > 4
    assert line[16, 16] > 0
    assert line[16, 24] == 0


def test_a_way_and_its_opposite_blur_alike_and_none_not_at_all() -> None:
    image = np.random.default_rng(1).uniform(0, 255, (9, 13))
    np.testing.assert_allclose(blurred(image, 0.2, -0.1), blurred(image, -0.2, 0.1), atol=1e-9)
    np.testing.assert_allclose(blurred(image, 0, 0), image, atol=1e-9)


def test_an_even_picture_stays_as_it_is() -> None:
    np.testing.assert_allclose(blurred(np.full((9, 9), 77.0), 0.3, 0.3), 77, atol=1e-9)
