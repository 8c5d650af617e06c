"""Turning arrays of any type and layout into pixels and labels."""

from typing import Literal

import numpy as np

from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError

Layout = Literal["NHW", "NHWC", "NCHW"]
_CHANNELS = (1, 3)


def pixels(array: AnyArray, layout: Layout | None, where: str) -> Pixels:
    """Return images as uint8, shape (n, channels, height, width).

    Without a ``layout``, three axes are NHW, and of four axes the one with 1 or 3 entries is the channels.
    Whole numbers 0-255 of any type are pixels; fractions, and floats of 0 and 1 alone, are not.

    Raises:
        OutvotedError: the layout is wrong or cannot be told, or a value is no pixel.
    """
    layout = layout or _recognised(array, where)
    if layout == "NHW" and array.ndim == 3:
        array = array[:, None]
    elif layout == "NHWC" and array.ndim == 4:
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in _CHANNELS:
        raise OutvotedError(
            expected=f"images of layout {layout} with 1 or 3 channels in {where}",
            found=f"an array of shape {array.shape}",
            remedy="correct data.layout, or reshape the array",
        )
    return _bytes(array, where)


def whole(array: AnyArray, where: str) -> Ints:
    """Return labels as int64, shape (n,); a second axis with one entry is dropped.

    Raises:
        OutvotedError: they are not whole numbers, or not one for each image.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise OutvotedError(
            expected=f"one label for each image in {where}, shape (n,) or (n, 1)",
            found=f"an array of shape {array.shape}",
            remedy="store the number of the class; from one-hot labels it is labels.argmax(1)",
        )
    if array.dtype.kind not in "iuf" or (array.dtype.kind == "f" and not (array == np.floor(array)).all()):
        raise OutvotedError(
            expected=f"labels that are whole numbers in {where}",
            found=f"{array.dtype} such as {array[:3].tolist()}",
            remedy="number the classes from 0",
        )
    return array.astype(np.int64)


def _recognised(array: AnyArray, where: str) -> Layout:
    if array.ndim == 3:
        return "NHW"
    first, last = (array.ndim == 4 and array.shape[axis] in _CHANNELS for axis in (1, 3))
    if first != last:
        return "NCHW" if first else "NHWC"
    raise OutvotedError(
        expected=f"images in {where} of shape (n, height, width), or (n, height, width, channels) or "
        "(n, channels, height, width) with 1 or 3 channels",
        found=f"an array of shape {array.shape}",
        remedy="say which axis is which by data.layout: NHWC or NCHW" if first else "reshape the array",
    )


def _bytes(array: AnyArray, where: str) -> Pixels:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        raise _no_pixels(where, f"values of type {array.dtype}", "store the pixels as uint8")
    if array.size == 0:
        return array.astype(np.uint8)
    low, high = float(array.min()), float(array.max())
    found = f"{array.dtype} from {low:g} to {high:g}"
    fractions = array.dtype.kind == "f" and not (array == np.floor(array)).all()
    if array.dtype.kind in "bf" and low >= 0 and high <= 1:
        raise _no_pixels(where, found, "store (255 * images).round().astype('uint8')")
    if fractions or low < 0 or high > 255:
        raise _no_pixels(where, found, "scale to 0-255, round, and store as uint8, before any normalisation")
    return array.astype(np.uint8)


def _no_pixels(where: str, found: str, remedy: str) -> OutvotedError:
    return OutvotedError(
        expected=f"pixels that are whole numbers 0-255 in {where}", found=found, remedy=remedy
    )
