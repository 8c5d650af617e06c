"""Images as PNG bytes: lossless, small, and what the `Image` feature of Hugging Face datasets holds."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

MOST_PIXELS = 1 << 26
"""Of an image that is decoded: 8,192 by 8,192."""
MOST_BYTES = 1 << 34
"""Of all decoded images of a table that are taken at once: 16 GiB."""


def encode(image: Pixels) -> bytes:
    """Encode one image, shape (channels, height, width) with 1 or 3 channels."""
    buffer = io.BytesIO()
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", optimize=False)
    return buffer.getvalue()


def decode(data: bytes) -> Pixels:
    """Return the pixels, shape (channels, height, width).

    Raises:
        OutvotedError: it is no such PNG, or one of more than MOST_PIXELS pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} × {image.height} pixels")
            if image.mode not in ("L", "RGB"):
                raise ValueError(f"an image of mode {image.mode}")
            pixels = np.asarray(image)
    except Exception as error:  # there is no list of what Pillow raises for broken files
        raise _undecodable(
            "no image file" if isinstance(error, UnidentifiedImageError) else str(error)
        ) from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def decode_all(images: Sequence[bytes]) -> Pixels:
    """Return the pixels of images of one size, at least one; shape (n, channels, height, width).

    Raises:
        OutvotedError: one is no such PNG, they differ in size, or take more than MOST_BYTES together.
        ValueError: there is none.
    """
    if not images:
        raise ValueError("at least one image is needed")
    first = decode(images[0])
    if first.nbytes * len(images) > MOST_BYTES:
        raise _undecodable(f"{len(images):,} images of {first.nbytes:,} bytes")
    whole = np.empty((len(images), *first.shape), np.uint8)
    for place, data in enumerate(images):
        image = decode(data)
        if image.shape != first.shape:
            raise _undecodable(f"images of {first.shape} and of {image.shape}")
        whole[place] = image
    return whole


def _undecodable(found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"PNG images, grey or RGB, of one size in a table, of at most {MOST_PIXELS:,} pixels",
        found=" ".join(found.split())[:200],
        remedy="restore the run's tables, or delete the damaged one and continue with --resume",
    )
