"""Making an image from anywhere fit a panel."""

from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from outvoted.actors.data.readers.decoding import UndecodableError, decoded, formed
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.settings import Settings


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
        image = _picture(content) if isinstance(content, np.ndarray) else decoded(content)
        if image.size != (width, height) and self.sizes == "refuse":
            raise UndecodableError(f"{image.width}×{image.height} pixels, not {width}×{height}")
        return formed(image, channels == 1, (height, width))


def _picture(pixels: AnyArray) -> Image.Image:
    """Return pixels (channels, height, width), (height, width, channels) or (height, width) as a picture."""
    try:
        if pixels.ndim == 3 and pixels.shape[0] in (1, 3):
            pixels = pixels.transpose(1, 2, 0)
        plane = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
        return Image.fromarray(np.ascontiguousarray(plane))
    except (TypeError, ValueError) as error:
        raise UndecodableError(f"pixels of type {pixels.dtype} and shape {pixels.shape}") from error
