"""Arrays from Python: taken as they are meant, or refused with a remedy in Python's words."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from outvoted.actors.readers.given import given_images, given_labels
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


@pytest.mark.parametrize("known", [True, False], ids=["a panel's shape", "any shape"])
@pytest.mark.parametrize(("handed", "meant"), SAME.values(), ids=SAME)
def test_images_may_come_in_any_form(handed: Any, meant: Pixels, known: bool) -> None:
    found = given_images(handed, meant.shape[1:] if known else None)
    np.testing.assert_array_equal(found, meant)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous


def test_what_is_returned_is_a_copy() -> None:
    mine, labels = IMAGES.copy(), np.arange(5)
    found, numbers = given_images(mine), given_labels(labels, 5)
    mine[:], labels[:] = 0, 0
    np.testing.assert_array_equal(found, IMAGES)
    assert numbers.tolist() == [0, 1, 2, 3, 4]


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (IMAGES[:0], "at least one image"),
    "no pixels": (IMAGES[:, :, :0], "at least one image"),
    "an empty list": ([], "at least one image"),
    "a single image": (IMAGES[0], "images[None]"),
    "a flat image": (IMAGES.reshape(5, -1), "at least one image"),
    "another size": (IMAGES[:, :, 1:], "(n, 3, 6, 7)"),
    "grey for colour": (GREY[:, 0], "repeat"),
    "with transparency": (np.zeros((5, 6, 7, 4), np.uint8), "(5, 6, 7, 4)"),
    "0 to 1": (IMAGES / 255, "255 * images"),
    "normalised": (IMAGES / 127.5 - 1, "scale to 0-255"),
    "whole floats of 0 and 1": ((IMAGES > 99).astype(float), "255 * images"),
    "truth values": (IMAGES > 99, "255 * images"),
    "whole numbers of 0 and 1": ((IMAGES > 99).astype(int), "255 / 1"),
    "16 shades": (IMAGES // 16.0, "255 / 15"),
    "16 bits": (IMAGES.astype(np.uint16) * 257, "scale to 0-255"),
    "not a number": (np.full(IMAGES.shape, np.nan), "scale to 0-255"),
    "texts": ([[["a"]]], "shape (1, 1, 1)"),
    "several sizes": ([np.zeros((3, 6, 7)), np.zeros((3, 6, 8))], "stack them"),
    "none": (None, "at least one image"),
}


@pytest.mark.parametrize(("handed", "said"), REFUSED.values(), ids=REFUSED)
def test_images_that_a_panel_cannot_see_are_refused(handed: Any, said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        given_images(handed, (3, 6, 7))
    assert said in str(caught.value)
    assert "data." not in str(caught.value)


def test_a_data_set_of_few_shades_is_refused_but_a_dark_image_for_a_panel_is_not() -> None:
    digits = (GREY // 16).astype(np.uint8)
    with pytest.raises(OutvotedError, match="nearly black"):
        given_images(digits)
    np.testing.assert_array_equal(given_images(digits, (1, 6, 7)), digits)
    assert not given_images(np.zeros((1, 1, 6, 7), np.uint8)).any()


def test_of_two_layouts_that_fit_channels_come_first() -> None:
    rows = IMAGES[:, :1, :1, :3]
    np.testing.assert_array_equal(given_images(rows), rows)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1, 2], "one label for each of 5 images"),
        ([0, 1, 2, 3, -1], "the label -1 at image 4"),
        ([0, 1, 2, 3, 4], "from 0 to 3, for classes=4"),
        ([0, 1, 2, 3, np.inf], "inf at image 4"),
        ([0, 1, 2, 3, np.nan], "nan at image 4"),
        ([0, 1, 2, 3, 1.5], "1.5 at image 4"),
        (np.array([2**64 - 1] * 5, np.uint64), "18446744073709551615 at image 0"),
        ([True] * 5, "bool"),
        (list("abcde"), "text such as 'a'"),
        (np.eye(5), "argmax"),
    ],
)
def test_labels_that_are_none_are_refused(labels: Any, said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        given_labels(labels, 5, 4)
    assert said in str(caught.value)


def test_labels_may_be_a_tensor() -> None:
    assert given_labels(torch.arange(5), 5, 5).tolist() == [0, 1, 2, 3, 4]
