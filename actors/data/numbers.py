"""Turning arrays of any type and layout into pixels and labels."""

from typing import Literal

import numpy as np

from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError

Layout = Literal["NHW", "NHWC", "NCHW"]
CHANNELS = (1, 3)
MOST_CLASSES = 32_767
"""The tables of a run hold a label in 16 bits."""
DARK = 32
"""A whole set of images whose brightest pixel is below this was most likely scaled to something else."""
_FAR = 2.0**53
"""Beyond this, floats skip whole numbers."""
_NAMES = "number the names, say by pandas: frame['label'].astype('category').cat.codes, which counts"


def pixels(
    array: AnyArray, layout: Layout | None, where: str, white: float | None = None, setting: str = "data"
) -> Pixels:
    """Return images of a data set as uint8, shape (n, channels, height, width).

    Without a ``layout``, three axes are NHW, and of four axes the one with 1 or 3 entries is the channels.
    Whole numbers 0-255 of any type are pixels; fractions, and floats of 0 and 1 alone, are not. With
    ``white``, values from 0 to that are scaled to 0-255 and rounded, whatever their type.

    Raises:
        OutvotedError: the layout is wrong or cannot be told, a value is no pixel, or all are so low that 255
            is hardly white.
    """
    array = arranged(array, layout or recognised(array.shape, where, f"{setting}.layout"), where)
    if white is not None:
        return scaled(array, white, where)
    found = as_bytes(array, where)
    if is_dark(found):
        raise too_dark(int(found.max()), where, f"{setting}.white")
    return found


def arranged(array: AnyArray, layout: Layout, where: str) -> AnyArray:
    """Return images of a layout as (n, channels, height, width), of whatever type they are.

    Raises:
        OutvotedError: the array has another number of axes, or not 1 or 3 channels.
    """
    shape = array.shape
    if layout == "NHW" and array.ndim == 3:
        array = array[:, None]
    elif layout == "NHWC" and array.ndim == 4:
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in CHANNELS:
        raise OutvotedError(
            expected=f"images of layout {layout} with 1 or 3 channels in {where}",
            found=f"an array of shape {shape}",
            remedy="correct data.layout, or reshape the array",
        )
    return array


def recognised(shape: tuple[int, ...], where: str, key: str = "data.layout") -> Layout:
    """Tell the layout of an array of images from its shape; ``key`` is the setting that says it otherwise.

    Raises:
        OutvotedError: the shape is none of images, or two layouts fit it.
    """
    if len(shape) == 3:
        return "NHW"
    first, last = (len(shape) == 4 and shape[axis] in CHANNELS for axis in (1, 3))
    if first != last:
        return "NCHW" if first else "NHWC"
    raise OutvotedError(
        expected=f"images in {where} of shape (n, height, width), or (n, height, width, channels) or "
        "(n, channels, height, width) with 1 or 3 channels",
        found=f"an array of shape {shape}" + (", which fits both" if first else ""),
        remedy=f"set {key} to NHWC or NCHW to say which axis is which" if first else "reshape the array",
    )


def is_dark(images: Pixels) -> bool:
    """Return whether no pixel of a whole data set comes near white, though some are not black."""
    return bool(images.size) and 0 < int(images.max()) < DARK


def too_dark(highest: float, where: str, key: str) -> OutvotedError:
    """Say that a data set is either nearly black or scaled to a white other than 255."""
    return OutvotedError(
        expected=f"pixels from 0 to 255 in {where}",
        found=f"none above {highest:g}: either white is {highest:g} here, or all images are nearly black",
        remedy=f"set {key} to the value of white, say {highest:g}, to scale them, or to 255 to leave them so",
    )


def scaled(array: AnyArray, white: float, where: str) -> Pixels:
    """Scale values from 0 to ``white`` to pixels from 0 to 255, and round.

    Raises:
        OutvotedError: values are no numbers, or outside that range.
    """
    if array.dtype.kind not in "biuf":
        raise _no_pixels(where, f"values of type {array.dtype}", "store the pixels as uint8")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not (low >= 0 and high <= white):
        raise OutvotedError(
            expected=f"values from 0 to data.white={white:g} in {where}",
            found=f"{array.dtype} from {low:g} to {high:g}",
            remedy="set white to the value that white has in these images",
        )
    if white == 255 and array.dtype == np.uint8:
        return array
    return np.rint(array * (255 / white)).astype(np.uint8)


def whole(array: AnyArray, where: str, first: int = 0) -> Ints:
    """Return labels as int64, shape (n,); a second axis with one entry is dropped.

    Messages count images from ``first``.

    Raises:
        OutvotedError: they are not whole numbers that a label can be, or not one for each image.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise OutvotedError(
            expected=f"one label for each image in {where}, shape (n,) or (n, 1)",
            found=f"an array of shape {array.shape}",
            remedy="store the number of the class; from one-hot labels it is labels.argmax(1)",
        )
    if array.dtype.kind not in "iuf":
        raise _no_labels(
            where, _such_as(array), _NAMES if array.dtype.kind in "OSUT" else "number the classes"
        )
    if array.dtype.kind == "f":
        odd = np.flatnonzero(~np.isfinite(array) | (array != np.floor(array)))
        if len(odd):
            raise _no_labels(
                where, f"{array[odd[0]]} at image {first + odd[0]} (counted from 0)", "number the classes"
            )
    far = np.flatnonzero(abs(array.astype(np.float64)) > _FAR)
    if len(far):
        found = f"{array[far[0]]} at image {first + far[0]} (counted from 0)"
        raise _no_labels(where, found, "number the classes", f" 0 to {MOST_CLASSES - 1}")
    return array.astype(np.int64)


def in_range(labels: Ints, where: str, first: int = 0) -> Ints:
    """Return labels as they are, if the tables of a run can hold them.

    Raises:
        OutvotedError: one is negative, or beyond 16 bits.
    """
    outside = np.flatnonzero((labels < 0) | (labels >= MOST_CLASSES))
    if len(outside):
        found = f"label {labels[outside[0]]} at image {first + outside[0]} (counted from 0)"
        raise _no_labels(where, found, "number the classes", f" 0 to {MOST_CLASSES - 1}")
    return labels


def _no_labels(where: str, found: str, remedy: str, between: str = "") -> OutvotedError:
    return OutvotedError(
        expected=f"labels that are whole numbers{between} in {where}", found=found, remedy=f"{remedy} from 0"
    )


def _such_as(array: AnyArray) -> str:
    kind = "text" if array.dtype.kind in "OSUT" and _texts(array[:3]) else str(array.dtype)
    return f"{kind} such as {', '.join(repr(value)[:40] for value in array[:3].tolist())}"


def _texts(values: AnyArray) -> bool:
    return all(isinstance(value, str | bytes) for value in values.tolist())


def as_bytes(array: AnyArray, where: str) -> Pixels:
    """Return whole numbers 0-255 of any type as uint8.

    Raises:
        OutvotedError: a value is another, or all are floats from 0 to 1.
    """
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
