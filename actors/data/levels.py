"""Arrays as pixels, nothing guessed: whole grey levels 0 to 255, or floats of which 1 is white."""

import numpy as np

from outvoted.actors.data.numbers import CHANNELS, Layout
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError

FORMS = "uint8 (or other whole numbers) from 0 to 255, or floats from 0 to 1"
"""What images may be."""
_OFF = 0.01
"""Grey levels by which an image of whole ones may miss them, beside what its type rounds away."""


def grey_levels(array: AnyArray) -> tuple[Pixels, float]:
    """Return values as grey levels, of whatever shape they are, and by how much they were rounded.

    Whole numbers are grey levels from 0 to 255, floats the share of white from 0 to 1: they are multiplied by
    255 and rounded.

    Returns:
        The grey levels, and the most by which one was rounded; 0 where they were whole already, as far as
        their type can tell.

    Raises:
        OutvotedError: they are neither whole numbers from 0 to 255 nor floats from 0 to 1.
    """
    if array.dtype == np.uint8:
        return array, 0.0
    if array.dtype.kind not in "iuf":
        truth = array.dtype.kind == "b"
        remedy = "pass images.astype('float32')" if truth else "pass the numbers of the pixels"
        raise _no_pixels("truth values" if truth else f"values of type {array.dtype}", remedy)
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    most = 1 if array.dtype.kind == "f" else 255
    if not (low >= 0 and high <= most):
        raise _no_pixels(f"{array.dtype} from {low:g} to {high:g}", _mend(array, low, high))
    return _rounded(array) if array.dtype.kind == "f" else (array.astype(np.uint8), 0.0)


def told_layout(array: AnyArray, layout: Layout | None, shape: tuple[int, ...] | None) -> Layout:
    """Tell the order of the axes from what fits.

    Args:
        layout: taken as it is, if it is given.
        shape: of an image, channels first, where it is known.

    Raises:
        OutvotedError: none fits, or two do.
    """
    if layout is not None:
        return layout
    if array.ndim == 3:
        return "NHW"
    if array.ndim == 4:
        first, last = (array.shape[axis] in CHANNELS for axis in (1, 3))
        if first and last and shape is not None:
            first, last = array.shape[1:] == shape, (array.shape[3], *array.shape[1:3]) == shape
            last = last and not first
        if first != last:
            return "NCHW" if first else "NHWC"
        if first:
            raise OutvotedError(
                expected="images whose shape says which axis has the channels, or layout=",
                found=f"an array of shape {array.shape}, which fits channels first and channels last",
                remedy='say layout="NCHW" if channels come first, layout="NHWC" if they come last',
            )
    raise OutvotedError(
        expected="images of shape (n, height, width), (n, channels, height, width) or "
        "(n, height, width, channels) with 1 or 3 channels",
        found=f"an array of shape {array.shape}",
        remedy="add an axis for a single image: images[None]; drop transparency: images[..., :3]"
        if array.ndim in (2, 3, 4)
        else "reshape the array",
    )


def refuse_single(alone: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Refuse an array that looks like one image without an axis of images.

    Args:
        alone: the array's shape.
        shape: of the panel's images: channels, height and width.

    Raises:
        OutvotedError: it does.
    """
    colour = shape[0] == 3 and alone in (shape, (*shape[1:], 3))
    if colour or alone == shape[1:]:
        raise OutvotedError(
            expected="an array of images, shape (n, height, width) or (n, channels, height, width)",
            found=f"an array of shape {alone}, which looks like a single image",
            remedy="add an axis for a single image: images[None]",
        )


def _rounded(array: AnyArray) -> tuple[Pixels, float]:
    levels = array.astype(np.promote_types(array.dtype, np.float32)) * 255
    whole = np.rint(levels)
    off = float(np.abs(levels - whole).max(initial=0.0))
    close = max(_OFF, 255 * float(np.finfo(array.dtype).eps))
    return whole.astype(np.uint8), off if off > close else 0.0


def _mend(array: AnyArray, low: float, high: float) -> str:
    if array.dtype.kind == "f" and low >= 0 and high <= 255 and bool((array == np.floor(array)).all()):
        return "pass whole grey levels as images.astype('uint8')"
    if array.dtype.kind == "f" and low < 0:
        return "take Normalize out of their transform, and pass Panel(..., mean=, std=) instead"
    return "scale them: uint8 from 0 to 255, or floats from 0 to 1, before any normalisation"


def _no_pixels(found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected=f"images of {FORMS}", found=found, remedy=remedy)
