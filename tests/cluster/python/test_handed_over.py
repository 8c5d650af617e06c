"""Arrays from Python: taken as they are meant, or refused with a remedy in Python's words."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from outvoted.cluster.python.handed_over import seeds, voted
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

IMAGES: Pixels = np.random.default_rng(0).integers(256, size=(5, 3, 6, 7), dtype=np.uint8)
GREY = IMAGES[:, :1]

SAME: dict[str, tuple[Any, Pixels]] = {
    "channels first": (IMAGES, IMAGES),
    "channels last": (IMAGES.transpose(0, 2, 3, 1), IMAGES),
    "no channels": (GREY[:, 0], GREY),
    "lists": (IMAGES.tolist(), IMAGES),
    "other whole numbers": (IMAGES.astype(">i4"), IMAGES),
    "whole floats": (IMAGES.astype(np.float32), IMAGES),
    "columns first": (np.asfortranarray(IMAGES), IMAGES),
    "a tensor": (torch.from_numpy(IMAGES), IMAGES),
    "a tensor with gradients": (torch.from_numpy(IMAGES).float().requires_grad_(), IMAGES),
    "pictures": ([Image.fromarray(image.transpose(1, 2, 0)) for image in IMAGES], IMAGES),
}


@pytest.mark.parametrize(("handed", "meant"), SAME.values(), ids=SAME)
def test_images_may_come_in_any_form(handed: Any, meant: Pixels) -> None:
    _, channels, height, width = meant.shape
    for found in (voted(handed, (channels, height, width)), seeds(handed, range(5)).images):
        np.testing.assert_array_equal(found, meant)
        assert found.dtype == np.uint8


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (IMAGES[:0], "at least one image"),
    "no pixels": (IMAGES[:, :, :0], "at least one image"),
    "an empty list": ([], "reshape the array"),
    "a single image": (IMAGES[0], "images[None]"),
    "a flat image": (IMAGES.reshape(5, -1), "like a single image"),
    "another size": (IMAGES[:, :, 1:], "shape (3, 6, 7)"),
    "grey for colour": (GREY[:, 0], "to the shape of the images"),
    "with transparency": (np.zeros((5, 6, 7, 4), np.uint8), "(5, 6, 7, 4)"),
    "0 to 1": (IMAGES / 255, "255 * images"),
    "normalised": (IMAGES / 127.5 - 1, "scale to 0-255"),
    "whole floats of 0 and 1": ((IMAGES > 99).astype(float), "255 * images"),
    "truth values": (IMAGES > 99, "255 * images"),
    "whole numbers of 0 and 1": ((IMAGES > 99).astype(int), "255 / 1"),
    "16 shades": (IMAGES // 16.0, "255 / 15"),
    "16 bits": (IMAGES.astype(np.uint16) * 257, "scale to 0-255"),
    "not a number": (np.full(IMAGES.shape, np.nan), "scale to 0-255"),
    "texts": ([[["a"]]], "type <U1"),
    "several sizes": ([np.zeros((3, 6, 7)), np.zeros((3, 6, 8))], "stacking"),
    "none": (None, "reshape the array"),
}


@pytest.mark.parametrize(("handed", "said"), REFUSED.values(), ids=REFUSED)
def test_images_that_a_panel_cannot_see_are_refused(handed: Any, said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        voted(handed, (3, 6, 7))
    assert said in str(caught.value)
    assert "data." not in str(caught.value)


def test_a_data_set_of_few_shades_is_refused_but_a_dark_image_for_a_panel_is_not() -> None:
    digits = (GREY // 16).astype(np.uint8)
    with pytest.raises(OutvotedError, match="as if white were 15"):
        seeds(digits, range(5))
    np.testing.assert_array_equal(voted(digits, (1, 6, 7)), digits)


def test_of_two_layouts_that_fit_channels_come_first() -> None:
    rows = np.maximum(IMAGES[:, :1, :1, :3], 99)
    np.testing.assert_array_equal(seeds(rows, range(5)).images, rows)
    np.testing.assert_array_equal(voted(rows, (1, 1, 3)), rows)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        [0, 1, 2, 3, -1],
        [0, 1, 2, 3, np.inf],
        [0, 1, 2, 3, np.nan],
        [0, 1, 2, 3, 1.5],
        np.array([2**64 - 1] * 5, np.uint64),
        [True] * 5,
        list("abcde"),
        np.eye(5),
    ],
)
def test_labels_that_are_none_are_refused(labels: Any) -> None:
    with pytest.raises(OutvotedError, match=r"label"):
        seeds(IMAGES, labels)
