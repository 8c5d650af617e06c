"""PNG bytes give back exactly the pixels that went in."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from outvoted.actors.runs import png

IMAGES = st.sampled_from([1, 3]).flatmap(
    lambda channels: arrays(np.uint8, st.tuples(st.just(channels), st.integers(1, 20), st.integers(1, 20)))
)


@given(image=IMAGES)
def test_pixels_come_back(image: NDArray[np.uint8]) -> None:
    found = png.decode(png.encode(image))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, image)


@given(image=IMAGES)
def test_equal_pixels_have_equal_bytes(image: NDArray[np.uint8]) -> None:
    elsewhere = np.asfortranarray(image.copy())
    assert png.encode(elsewhere) == png.encode(image)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_others_read_the_same_picture(channels: int, mode: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 5, 9), dtype=np.uint8)
    picture = Image.open(io.BytesIO(png.encode(image)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", mode, (9, 5))
    assert np.asarray(picture)[4, 8].tolist() == image[:, 4, 8].squeeze().tolist()
