"""Arrays that are handed in from Python, held to the same rules as those in files."""

from typing import Any

import numpy as np

from outvoted.actors.readers.base import MOST_CLASSES
from outvoted.actors.readers.numbers import CHANNELS, as_bytes, is_dark, whole
from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError


def as_array(values: Any, what: str) -> AnyArray:
    """Return arrays, tensors on any device, pictures, or nested lists as an array of our own, a copy.

    Raises:
        OutvotedError: no array can be made of them.
    """
    try:
        for bare in ("detach", "cpu"):  # tensors that require gradients, or lie on a GPU
            values = getattr(values, bare)() if hasattr(values, bare) else values
        return np.asarray(values).copy()
    except (ValueError, TypeError, RuntimeError) as error:
        raise OutvotedError(
            expected=f"{what} as one array of numbers",
            found=" ".join(str(error).split())[:200],
            remedy="bring all images to one size and stack them, say with numpy.stack",
        ) from error


def given_images(images: Any, shape: tuple[int, int, int] | None = None, what: str = "images") -> Pixels:
    """Check images that were handed in from Python, and return a copy, uint8, (n, channels, height, width).

    Args:
        images: at least one; whole numbers 0-255 in an array, a tensor or nested lists of shape (n, height,
            width), (n, channels, height, width) or (n, height, width, channels).
        shape: channels, height and width that they must have, as a panel's images do; then images of uint8
            may be as dark as they like. Left out: they are a data set of their own, any shape.
        what: what messages call them.

    Raises:
        OutvotedError: no images, other shapes, or values that are no pixels.
    """
    array = as_array(images, what)
    if array.ndim not in (3, 4) or not array.size:
        raise _misshapen(array, shape, what, "pass at least one image; a single one as images[None]")
    array = _recognised(array, what) if shape is None else _formed(array, shape, what)
    found = as_bytes(array, what)
    if is_dark(found) and (shape is None or array.dtype != np.uint8):
        high = int(found.max())
        raise OutvotedError(
            expected=f"{what} with pixels from 0 to 255",
            found=f"none above {high}: either white is {high} here, or all images are nearly black",
            remedy=f"pass (images * (255 / {high})).round().astype('uint8') if {high} is white",
        )
    return np.ascontiguousarray(found)


def given_labels(labels: Any, count: int, classes: int | None = None, what: str = "labels") -> Ints:
    """Check labels that were handed in from Python, one for each of ``count`` images, and return a copy.

    Raises:
        OutvotedError: they are no whole numbers from 0 to ``classes`` - 1, or not one for each image.
    """
    found = whole(as_array(labels, what), what)
    if len(found) != count:
        raise OutvotedError(
            expected=f"one label for each of {count} images",
            found=f"{len(found)} {what}",
            remedy="pass arrays that belong together",
        )
    most = classes or MOST_CLASSES
    outside = np.flatnonzero((found < 0) | (found >= most))
    if len(outside):
        raise OutvotedError(
            expected=f"{what} from 0 to {most - 1}" + (f", for classes={classes}" if classes else ""),
            found=f"the label {found[outside[0]]} at image {outside[0]} (counted from 0)",
            remedy="number the classes from 0" + (", or raise classes" if classes else ""),
        )
    return found


def _recognised(array: AnyArray, what: str) -> AnyArray:
    """Arrange images whose layout is told by their shape; where two fit, channels come first."""
    if array.ndim == 3:
        return array[:, None]
    if array.shape[1] in CHANNELS:
        return array
    if array.shape[3] in CHANNELS:
        return array.transpose(0, 3, 1, 2)
    raise _misshapen(array, None, what, "pass 1 or 3 channels; a fourth, of transparency, must go")


def _formed(array: AnyArray, shape: tuple[int, int, int], what: str) -> AnyArray:
    channels, height, width = shape
    if array.shape[1:] == shape:
        return array
    if array.shape[1:] == (height, width, channels):
        return array.transpose(0, 3, 1, 2)
    if array.shape == shape:
        remedy = "pass a single image as images[None]"
    elif array.shape[1:] == (height, width):
        if channels == 1:
            return array[:, None]
        remedy = "repeat grey images for each channel: images[:, None].repeat(3, axis=1)"
    else:
        remedy = "bring them to the size and the channels that the networks were built for"
    raise _misshapen(array, shape, what, remedy)


def _misshapen(array: AnyArray, shape: tuple[int, int, int] | None, what: str, remedy: str) -> OutvotedError:
    form = "channels, height, width) or (n, height, width" if shape is None else ", ".join(map(str, shape))
    return OutvotedError(
        expected=f"at least one image, {what} of shape (n, {form})",
        found=f"an array of shape {array.shape}",
        remedy=remedy,
    )
