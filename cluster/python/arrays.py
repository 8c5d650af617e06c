"""Arrays and tensors as pixels: whole grey levels 0 to 255, channels first; nothing is guessed."""

import warnings
from typing import Any

import numpy as np
import torch

from outvoted.actors.data.levels import grey_levels, told_layout
from outvoted.actors.data.numbers import Layout, arranged, is_dark
from outvoted.actors.networks import Shape
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError


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
    found, off = grey_levels(arranged(array, told_layout(array, layout, shape), "images"))
    if off:
        warnings.warn(
            f"images between whole grey levels were rounded to them, by up to {off:.2f} of 255: "
            "a search looks at the pixels that are stored",
            stacklevel=2,
        )
    return found


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


def _detached(tensor: torch.Tensor) -> AnyArray:
    plain = tensor.detach().cpu()
    array: AnyArray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array
