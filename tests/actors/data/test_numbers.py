"""Arrays of any type and layout: what can be told is recognised, what cannot is refused with a remedy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from outvoted.actors.data.numbers import Layout, pixels, whole
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError

WHERE = "x of file.npz"
PIXELS = arrays(
    np.uint8,
    st.tuples(st.integers(1, 3), st.sampled_from((1, 3)), st.integers(4, 9), st.integers(4, 9)),
)


def refused(array: AnyArray, layout: Layout | None = None) -> OutvotedError:
    """Return the error, after checking that it says where the array is."""
    with pytest.raises(OutvotedError) as caught:
        pixels(array, layout, WHERE)
    assert WHERE in caught.value.expected
    return caught.value


@given(images=PIXELS)
def test_layouts_are_recognised(images: Pixels) -> None:
    images[0, 0, 0, 0] = 255
    last = images.transpose(0, 2, 3, 1)
    found = [pixels(images, None, WHERE), pixels(last, None, WHERE), pixels(last, "NHWC", WHERE)]
    if images.shape[1] == 1:
        found += [pixels(images[:, 0], None, WHERE), pixels(images[:, 0], "NHW", WHERE)]
    for each in found:
        np.testing.assert_array_equal(each, images)


@given(images=PIXELS, kind=st.sampled_from((np.int16, np.uint32, np.int64, np.float32, np.float64)))
def test_whole_numbers_of_any_type_are_pixels(images: Pixels, kind: type[Any]) -> None:
    images[0, 0, 0, 0] = 255
    np.testing.assert_array_equal(pixels(images.astype(kind), None, WHERE), images)


@pytest.mark.parametrize(("shape", "layout"), [((2, 3, 8, 3), "NHWC"), ((2, 1, 1, 1), "NCHW")])
def test_a_layout_that_cannot_be_told_must_be_given(shape: tuple[int, ...], layout: Layout) -> None:
    assert "data.layout" in refused(np.zeros(shape, np.uint8)).remedy
    assert len(pixels(np.zeros(shape, np.uint8), layout, WHERE)) == 2


@pytest.mark.parametrize("shape", [(), (7,), (7, 784), (7, 8, 8, 4), (7, 2, 8, 8), (7, 3, 8, 8, 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    assert str(shape) in refused(np.zeros(shape, np.uint8)).found


@pytest.mark.parametrize(
    ("shape", "layout"), [((7, 8, 8), "NHWC"), ((7, 8, 8, 3), "NCHW"), ((7, 8, 8, 3), "NHW")]
)
def test_a_layout_that_does_not_fit_is_refused(shape: tuple[int, ...], layout: Layout) -> None:
    assert "data.layout" in refused(np.zeros(shape, np.uint8), layout).remedy


@pytest.mark.parametrize(
    ("value", "kind", "remedy"),
    [
        (0.5, np.float32, "255 * images"),
        (1, np.float64, "255 * images"),
        (1, np.bool_, "255 * images"),
        (2.5, np.float32, "scale to 0-255"),
        (-1, np.float32, "scale to 0-255"),
        (-1, np.int8, "scale to 0-255"),
        (256, np.int16, "scale to 0-255"),
        (np.nan, np.float32, "scale to 0-255"),
        (np.inf, np.float32, "scale to 0-255"),
        (9, np.complex64, "uint8"),
        (9, np.str_, "uint8"),
    ],
)
def test_values_that_are_no_pixels_are_refused(value: float, kind: type[Any], remedy: str) -> None:
    assert remedy in refused(np.full((2, 4, 4), value).astype(kind)).remedy


@pytest.mark.parametrize("labels", [[[2], [0]], [2.0, 0.0], [2, 0]])
def test_labels_are_whole_numbers(labels: list[Any]) -> None:
    found = whole(np.array(labels), WHERE)
    assert found.tolist() == [2, 0]
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    "labels", [[[1, 0], [0, 1]], [0.5, 1], [np.nan, 1], ["cat", "dog"], [True, False], [1j], 3]
)
def test_other_labels_are_refused(labels: Any) -> None:
    with pytest.raises(OutvotedError) as caught:
        whole(np.array(labels), WHERE)
    assert WHERE in caught.value.expected


FAR = [(np.inf, "inf at image 1"), (np.nan, "nan at image 1"), (1.5, "1.5 at image 1"), (2.0**60, "e\\+18")]


@pytest.mark.parametrize(("odd", "found"), FAR)
def test_a_label_that_is_no_whole_number_is_named_with_its_place(odd: float, found: str) -> None:
    with pytest.raises(OutvotedError, match=found):
        whole(np.array([0, odd]), WHERE)


def test_labels_beyond_64_bits_do_not_become_negative() -> None:
    with pytest.raises(OutvotedError, match="18446744073709551615 at image 0"):
        whole(np.array([2**64 - 1], np.uint64), WHERE)


@pytest.mark.parametrize("highest", [1, 15, 16, 31])
@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64])
def test_a_set_of_few_shades_is_refused_until_white_is_said(highest: int, kind: type[Any]) -> None:
    images = np.arange(2 * 16).reshape(2, 4, 4) % (highest + 1)
    if (kind, highest) != (np.float64, 1):  # which says of itself that white is 1
        error = refused(images.astype(kind))
        assert f"either white is {highest} here, or all images are nearly black" in error.found
        assert f"data.white to the value of white, say {highest}," in error.remedy
    taken = pixels(images.astype(kind), None, WHERE, 255)
    np.testing.assert_array_equal(taken[:, 0], images)
    bright = pixels(images.astype(kind), None, WHERE, highest)
    np.testing.assert_array_equal(bright[:, 0], np.rint(images * 255 / highest))


def test_fractions_become_pixels_where_white_is_said() -> None:
    images = np.linspace(0, 1, 256).reshape(1, 16, 16)
    np.testing.assert_array_equal(pixels(images, None, WHERE, 1).ravel(), np.arange(256))
    np.testing.assert_array_equal(pixels(images * 65535, None, WHERE, 65535).ravel(), np.arange(256))


@pytest.mark.parametrize("odd", [-0.1, 1.1, np.nan, np.inf])
def test_values_beyond_white_are_refused(odd: float) -> None:
    with pytest.raises(OutvotedError, match=r"data\.white=1 in"):
        pixels(np.array([[[0.5, odd]]]), None, WHERE, 1)


def test_black_images_are_no_question_of_white() -> None:
    assert not pixels(np.zeros((2, 4, 4), np.uint8), None, WHERE).any()
