"""Hue and saturation against the matrices of the W3C's filters."""

import numpy as np
import pytest
import torch

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import HueSaturation

PIXELS = np.random.default_rng(1).integers(0, 256, (3, 4, 5)).astype(float)


def changed(hue: float, saturation: float, pixels: Floats = PIXELS) -> Floats:
    rows = torch.tensor([[hue, np.log(saturation)]], dtype=torch.float64)
    return np.asarray(HueSaturation().apply(torch.from_numpy(pixels)[None], rows)[0].numpy())


def rotated(degrees: float) -> Floats:
    """The matrix of hue-rotate, as the specification prints it."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(
        [
            [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
            [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283],
            [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
        ]
    )


def saturated(factor: float) -> Floats:
    """The matrix of saturate."""
    return factor * np.eye(3) + (1 - factor) * np.tile([0.213, 0.715, 0.072], (3, 1))


@pytest.mark.parametrize(("hue", "saturation"), [(30, 1), (-90, 1), (0, 0.5), (0, 1.7), (12, 1.3)])
def test_it_is_the_product_of_the_two_matrices(hue: float, saturation: float) -> None:
    """To a hundredth of a grey level: the specification's numbers have three places."""
    matrix = saturated(saturation) @ rotated(hue)
    np.testing.assert_allclose(changed(hue, saturation), np.einsum("oc,chw->ohw", matrix, PIXELS), atol=0.02)


def test_grey_stays_grey() -> None:
    grey = np.full((3, 2, 2), 91.0)
    np.testing.assert_allclose(changed(170, 3, grey), grey, atol=1e-9)


def test_images_without_colour_are_refused() -> None:
    with pytest.raises(OutvotedError, match="hue_saturation"):
        HueSaturation().check((1, 9, 9))
