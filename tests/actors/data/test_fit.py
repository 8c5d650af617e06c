"""An image from anywhere fits the panel, or it is said why not."""

import io

import numpy as np
import pytest
from PIL import Image

from outvoted.actors.data.pictures import Fit, UndecodableError
from outvoted.search.arrays import AnyArray

GREY, COLOUR = Fit(shape=(1, 6, 8)), Fit(shape=(3, 6, 8))


def pixels(*shape: int) -> AnyArray:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def file(image: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(6, 8), (1, 6, 8), (6, 8, 1)])
def test_a_grey_image_of_the_right_size_keeps_its_pixels(shape: tuple[int, ...]) -> None:
    image = pixels(*shape)
    assert np.array_equal(GREY.fitted(image), image.reshape(1, 6, 8))


@pytest.mark.parametrize("last", [True, False])
def test_a_colour_image_keeps_its_pixels_wherever_its_channels_stand(last: bool) -> None:
    image = pixels(3, 6, 8)
    assert np.array_equal(COLOUR.fitted(image.transpose(1, 2, 0) if last else image), image)


def test_a_file_and_its_pixels_are_one_image() -> None:
    image = pixels(6, 8)
    assert np.array_equal(GREY.fitted(file(Image.fromarray(image))), image[None])


def test_colour_follows_the_panel() -> None:
    grey = pixels(6, 8)
    assert np.array_equal(COLOUR.fitted(grey), np.stack([grey] * 3))
    colour = pixels(6, 8, 3)
    assert np.array_equal(GREY.fitted(colour)[0], np.asarray(Image.fromarray(colour).convert("L")))


def test_another_size_is_stretched_or_refused() -> None:
    image = np.full((12, 12), 77, np.uint8)
    assert np.array_equal(GREY.fitted(image), np.full((1, 6, 8), 77))
    with pytest.raises(UndecodableError, match="12×12 pixels, not 8×6"):
        Fit(shape=(1, 6, 8), sizes="refuse").fitted(image)


def test_a_palette_is_resized_by_colour_not_by_number() -> None:
    image = Image.new("P", (16, 12))
    image.putpalette([0, 0, 0, 200, 200, 200, 0, 0, 0] + [255] * 9)
    image.paste(1, (0, 0, 16, 12))
    assert np.unique(GREY.fitted(file(image))).tolist() == [200]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an image file"),
        (b"hello", "not an image file"),
        (file(Image.fromarray(pixels(60, 80)))[:2000], "truncated"),
        (file(Image.fromarray(pixels(6, 8).astype(np.int32) * 100).convert("I;16")), "more than 8 bits"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n", "not an image file"),
        (UndecodableError("gone"), "gone"),
    ],
    ids=["empty", "text", "cut", "16 bits", "postscript", "unread"],
)
def test_what_is_no_image_is_said_with_its_reason(content: bytes | UndecodableError, reason: str) -> None:
    with pytest.raises(UndecodableError, match=reason):
        GREY.fitted(content)
