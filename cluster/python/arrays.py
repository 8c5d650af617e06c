"""Arrays and tensors as pixels: whole grey levels 0 to 255, channels first; nothing is guessed."""

import warnings
from typing import Any

import numpy as np
import torch

from outvoted.actors.data.numbers import CHANNELS, Layout, arranged, is_dark
from outvoted.actors.networks import Shape
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError

FORMS = "uint8 (or other whole numbers) from 0 to 255, or floats from 0 to 1"
"""What images may be."""
_OFF = 0.01
"""Grey levels by which an image of whole ones may miss them, beside what its type rounds away."""


def array_of(values: Any) -> AnyArray:
    """Return anything that holds numbers as a NumPy array; tensors of any device, also with gradients."""
    if isinstance(values, torch.Tensor):
        return _detached(values)
    if isinstance(values, list | tuple) and any(isinstance(one, torch.Tensor) for one in values):
        values = [_detached(one) if isinstance(one, torch.Tensor) else one for one in values]
    try:
        return np.asarray(values)
    except ValueError as error:  # NumPy makes no array of lists of different lengths
        raise OutvotedError(
            expected="arrays of images, all of one size, and of their labels",
            found=" ".join(str(error).split()),
            remedy="resize all images to one size before stacking them",
        ) from error


def pixels(images: Any, layout: Layout | None = None, shape: Shape | None = None) -> Pixels:
    """Return images as uint8, shape (n, channels, height, width).

    Whole numbers are grey levels from 0 to 255, floats the share of white from 0 to 1: they are multiplied by
    255 and rounded, with a warning where that is not whole already.

    Args:
        images: shape (n, height, width), (n, channels, height, width) or (n, height, width, channels).
        layout: which of these, "NHW", "NCHW" or "NHWC"; told by the shape if left out.
        shape: of an image, channels first, where it is known.

    Raises:
        OutvotedError: a value is outside its range, two layouts fit, or they are no images.
    """
    array = array_of(images)
    return grey_levels(arranged(array, _layout(array, layout, shape), "images"))


def check_light(images: Pixels) -> None:
    """Refuse a set of images none of which comes near white.

    Raises:
        OutvotedError: white seems to be something else than 255, or 1 in floats.
    """
    if is_dark(images):
        high = int(images.max())
        raise OutvotedError(
            expected="images of which some come near white: 255, or 1 in floats",
            found=f"no pixel above {high} of 255, as if white were {high}",
            remedy=f"scale whole numbers: (images * (255 / {high})).round().astype('uint8'); "
            "divide by 255 only once",
        )


def grey_levels(array: AnyArray) -> Pixels:
    """Return values as grey levels, of whatever shape they are.

    Raises:
        OutvotedError: they are neither whole numbers from 0 to 255 nor floats from 0 to 1.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        truth = array.dtype.kind == "b"
        remedy = "pass images.astype('float32')" if truth else "pass the numbers of the pixels"
        raise _no_pixels("truth values" if truth else f"values of type {array.dtype}", remedy)
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    most = 1 if array.dtype.kind == "f" else 255
    if not (low >= 0 and high <= most):
        raise _no_pixels(f"{array.dtype} from {low:g} to {high:g}", _mend(array, low, high))
    return _rounded(array) if array.dtype.kind == "f" else array.astype(np.uint8)


def _rounded(array: AnyArray) -> Pixels:
    levels = array.astype(np.promote_types(array.dtype, np.float32)) * 255
    whole = np.rint(levels)
    off = float(np.abs(levels - whole).max(initial=0.0))
    if off > max(_OFF, 255 * float(np.finfo(array.dtype).eps)):
        warnings.warn(
            f"images between whole grey levels were rounded to them, by up to {off:.2f} of 255: "
            "a search looks at the pixels that are stored",
            stacklevel=2,
        )
    found: Pixels = whole.astype(np.uint8)
    return found


def _mend(array: AnyArray, low: float, high: float) -> str:
    if array.dtype.kind == "f" and low >= 0 and high <= 255 and bool((array == np.floor(array)).all()):
        return "pass whole grey levels as images.astype('uint8')"
    if array.dtype.kind == "f" and low < 0:
        return "take Normalize out of their transform, and pass Panel(..., mean=, std=) instead"
    return "scale them: uint8 from 0 to 255, or floats from 0 to 1, before any normalisation"


def _no_pixels(found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected=f"images of {FORMS}", found=found, remedy=remedy)


def _layout(array: AnyArray, layout: Layout | None, shape: Shape | None) -> Layout:
    """Tell the order of the axes from what fits.

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


def _detached(tensor: torch.Tensor) -> AnyArray:
    plain = tensor.detach().cpu()
    array: AnyArray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array
