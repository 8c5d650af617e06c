"""Making an image from anywhere fit a panel."""

import io
from typing import Annotated, Literal

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field

from outvoted.actors.sources.base import UndecodableError
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.settings import Settings

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


class Fit(Settings):
    """The form of a panel's images, and the rule for those of another size.

    Colour is always converted: to luma for a panel of grey images, to three equal channels for one of
    colour images.
    """

    shape: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    """Channels (1 or 3), height and width."""
    sizes: Literal["resize", "refuse"] = "resize"
    """Stretch to height and width (bilinear, antialiased), or count as undecodable."""

    def fitted(self, content: bytes | AnyArray | UndecodableError) -> Pixels:
        """Return an image's pixels, shape (channels, height, width).

        Raises:
            UndecodableError: it is no image, has more than 8 bits a channel, or another size that is refused.
        """
        if isinstance(content, UndecodableError):
            raise content
        if isinstance(content, np.ndarray) and content.shape == self.shape:
            return np.asarray(content, dtype=np.uint8)
        channels, height, width = self.shape
        image = _opened(content)
        if image.size != (width, height):
            if self.sizes == "refuse":
                raise UndecodableError(f"{image.width}×{image.height} pixels, not {width}×{height}")
            smooth = image.convert("RGB") if image.mode in ("1", "P", "PA") else image
            image = smooth.resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
        return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _opened(content: bytes | AnyArray) -> Image.Image:
    try:
        if isinstance(content, np.ndarray):
            return Image.fromarray(np.ascontiguousarray(_channels_last(content)))
        image: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
        image.load()
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # there is no list of what Pillow raises for broken files
        raise UndecodableError(_words(error)) from error
    if image.mode not in _EIGHT_BITS:
        raise UndecodableError(f"more than 8 bits a channel (mode {image.mode})")
    return image


def _channels_last(pixels: AnyArray) -> AnyArray:
    """Return pixels as (height, width) or (height, width, 3), wherever the channels stand."""
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3) and pixels.shape[2] not in (1, 3):
        pixels = pixels.transpose(1, 2, 0)
    return pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    if text.startswith("cannot identify image file"):
        return "not an image file"
    return text or type(error).__name__
