"""Images as PNG bytes: lossless, small, and what the `Image` feature of Hugging Face datasets holds."""

import io

import numpy as np
from PIL import Image

from outvoted.search.arrays import Pixels


def encode(image: Pixels) -> bytes:
    """Encode one image, shape (channels, height, width) with 1 or 3 channels."""
    buffer = io.BytesIO()
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", optimize=False)
    return buffer.getvalue()


def decode(data: bytes) -> Pixels:
    """Return the pixels, shape (channels, height, width)."""
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
