"""Turning encoded pictures and image arrays into pixels of one size and mode."""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageOps

from outvoted.actors.readers.base import Look
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""Pillow's other formats are never tried on a user's bytes: some of them start programs."""
_GREY = ("1", "L", "LA", "La")


def stacked(pictures: Iterable[tuple[str, bytes]], count: int, look: Look) -> Pixels:
    """Decode ``count`` pictures, given with the names that messages call them by.

    Grey ones among coloured ones become RGB.

    Returns:
        Shape (count, channels, height, width).

    Raises:
        OutvotedError: one cannot be decoded, or differs in size from the first.
    """
    images, first = np.empty((0, 1, 0, 0), np.uint8), ""
    for index, (name, data) in enumerate(pictures):
        image = _decoded(name, data, look)
        if index == 0:
            images, first = np.empty((count, *image.shape), np.uint8), name
        if image.shape[1:] != images.shape[2:]:
            raise odd_size((first, images.shape[2:]), (name, image.shape[1:]))
        if len(image) > images.shape[1]:
            images = images.repeat(3, axis=1)
        images[index] = image
    return images


def alike(images: Pixels, look: Look) -> Pixels:
    """Bring an array of images, shape (n, channels, height, width), to a size and mode."""
    same_size = look.size is None or look.size == images.shape[2:]
    if same_size and (look.mode is None or (look.mode == "grey") == (images.shape[1] == 1)):
        return images
    planes = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    return np.stack([_pixels(Image.fromarray(np.ascontiguousarray(plane)), look) for plane in planes])


def odd_size(first: tuple[str, tuple[int, ...]], odd: tuple[str, tuple[int, ...]]) -> OutvotedError:
    """Say that two images, each a name with height and width, differ in size."""
    return OutvotedError(
        expected=f"images of one size, say {_size(first[1])} as in {first[0]}",
        found=f"{_size(odd[1])} in {odd[0]}",
        remedy="bring all images to one size by data.size: [height, width]",
    )


def _decoded(name: str, data: bytes, look: Look) -> Pixels:
    """Decode one picture, turned upright as its EXIF entry says; transparency is dropped."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            upright = ImageOps.exif_transpose(picture)
            upright.load()
    except Exception as error:  # damaged pictures end in errors of many classes
        raise _undecodable(name, f"bytes that cannot be decoded ({error})") from error
    if upright.mode.startswith(("I", "F")):
        raise _undecodable(name, f"a picture of mode {upright.mode}, with more than 8 bits a pixel")
    return _pixels(upright, look)


def _pixels(picture: Image.Image, look: Look) -> Pixels:
    """Return the pixels, shape (channels, height, width)."""
    grey = picture.mode in _GREY if look.mode is None else look.mode == "grey"
    picture = picture.convert("L" if grey else "RGB")
    if look.size is not None:
        height, width = look.size
        picture = picture.resize((width, height), Image.Resampling[look.resample.upper()])
    pixels = np.asarray(picture)
    return pixels[None] if grey else pixels.transpose(2, 0, 1)


def _undecodable(name: str, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"a picture ({', '.join(_FORMATS)}) of 8 bits a channel in {name}",
        found=found[:300],
        remedy="take it out of the data set, or write it again as PNG",
    )


def _size(sides: tuple[int, ...]) -> str:
    return f"{sides[0]} x {sides[1]} pixels"
