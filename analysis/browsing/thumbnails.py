"""Small pictures of mistakes: many in one image, and one enlarged or compared with its seed."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from outvoted.actors.runs import png
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

SMALL, LARGE = 28, 96
"""Pixels along the side of a thumbnail: where no image is known, and at most."""
_MOST_PIXELS = 1 << 22  # of an image that is made small; of larger ones there is no thumbnail
_LARGEST = 4096  # pixels along the side of what is enlarged
_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def side_of(image: bytes | None) -> int:
    """Return how large thumbnails are of images such as this one."""
    width, height = _size(image or b"")
    return min(max(width, height), LARGE) or SMALL


def sprite(images: Sequence[bytes | None], side: int) -> bytes:
    """Put images beside each other, each centred in a square of ``side`` pixels; PNG.

    One that is missing or damaged leaves its place transparent.
    """
    row = Image.new("RGBA", (side * max(len(images), 1), side))
    for place, data in enumerate(images):
        small = None if data is None else _small(data, side)
        if small is not None:
            at = (place * side + (side - small.width) // 2, (side - small.height) // 2)
            row.paste(small, at)
    return _encoded(row)


def enlarged(image: Pixels, scale: int) -> bytes:
    """Return an image with each pixel as a square, as many pixels wide as fit below ``_LARGEST``; PNG."""
    fitting = max(1, min(scale, _LARGEST // max(image.shape[1:])))
    return png.encode(image.repeat(fitting, axis=1).repeat(fitting, axis=2))


def difference(image: Pixels, seed: Pixels) -> Pixels:
    """Return by how much a mistake is lighter than its seed, or darker: grey where nothing changed.

    Raises:
        OutvotedError: they are of different sizes.
    """
    if image.shape != seed.shape:
        raise OutvotedError(
            expected="a mistake of the size of its seed",
            found=f"images of {image.shape} and of {seed.shape}: channels, height, width",
            remedy="restore the run's tables; do not use them if they came from a stranger",
        )
    return np.asarray(128 + (image.astype(np.int16) - seed.astype(np.int16)) // 2, np.uint8)


def _small(data: bytes, side: int) -> Image.Image | None:
    width, height = _size(data)
    if not 0 < width * height <= _MOST_PIXELS:
        return None
    try:
        pixels = png.decode(data)
    except OutvotedError:
        return None
    whole = Image.fromarray(
        np.ascontiguousarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    )
    share = side / max(width, height)
    size = max(1, round(width * share)), max(1, round(height * share))
    how = Image.Resampling.NEAREST if share >= 1 else Image.Resampling.BOX
    return whole.resize(size, how).convert("RGBA")


def _size(data: bytes) -> tuple[int, int]:
    """Return width and height as a PNG says them; 0 if it is none."""
    if not data.startswith(_HEAD) or len(data) < 24:
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
