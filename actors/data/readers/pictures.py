"""Turning encoded pictures and image arrays into pixels of one size and mode."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from outvoted.actors.data.readers.base import Look
from outvoted.actors.data.readers.decoding import FORMATS, UndecodableError, decoded, formed
from outvoted.actors.data.readers.room import check_room
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError


def stacked(pictures: Iterable[tuple[str, bytes | UndecodableError]], count: int, look: Look) -> Pixels:
    """Decode ``count`` pictures, given with the names that messages call them by.

    Grey ones among coloured ones become RGB.

    Returns:
        Shape (count, channels, height, width).

    Raises:
        OutvotedError: one cannot be decoded, or differs in size from the first, or all don't fit into memory.
    """
    images, first = np.empty((0, 1, 0, 0), np.uint8), ""
    for index, (name, data) in enumerate(pictures):
        image = _pixels(name, data, look)
        if index == 0:
            check_room(count * image.nbytes, f"{count:,} images like {name}")
            images, first = np.empty((count, *image.shape), np.uint8), name
        if image.shape[1:] != images.shape[2:]:
            raise odd_size((first, images.shape[2:]), (name, image.shape[1:]))
        if len(image) > images.shape[1]:
            check_room(3 * images.nbytes, f"{count:,} images like {name}")
            images = images.repeat(3, axis=1)
        images[index] = image
    return images


def alike(images: Pixels, look: Look) -> Pixels:
    """Bring an array of images, shape (n, channels, height, width), to a size and mode."""
    same_size = look.size is None or look.size == images.shape[2:]
    if same_size and (look.mode is None or (look.mode == "grey") == (images.shape[1] == 1)):
        return images
    planes = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    grey = None if look.mode is None else look.mode == "grey"
    pictures = (Image.fromarray(np.ascontiguousarray(plane)) for plane in planes)
    return np.stack([formed(picture, grey, look.size, look.resample) for picture in pictures])


def odd_size(first: tuple[str, tuple[int, ...]], odd: tuple[str, tuple[int, ...]]) -> OutvotedError:
    """Say that two images, each a name with height and width, differ in size."""
    return OutvotedError(
        expected=f"images of one size, say {_size(first[1])} as in {first[0]}",
        found=f"{_size(odd[1])} in {odd[0]}",
        remedy="bring all images to one size by data.size: [height, width]",
    )


def _pixels(name: str, data: bytes | UndecodableError, look: Look) -> Pixels:
    grey = None if look.mode is None else look.mode == "grey"
    try:
        if isinstance(data, UndecodableError):
            raise data
        return formed(decoded(data), grey, look.size, look.resample)
    except UndecodableError as error:
        raise _undecodable(name, str(error)) from error


def _undecodable(name: str, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"a picture ({', '.join(FORMATS)}) of 8 bits a channel in {name}",
        found=found[:300],
        remedy="take it out of the data set, or write it again as PNG",
    )


def _size(sides: tuple[int, ...]) -> str:
    return f"{sides[0]} x {sides[1]} pixels"
