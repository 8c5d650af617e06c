"""Pictures: which bytes are an image, its pixels, and how it is made to fit."""

import io
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field

from outvoted.actors.data.room import check_room
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""Pillow's other formats are never tried on a user's bytes: some of them start programs."""
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""How the names of such files end, in small letters."""
MOST_PIXELS = 89_478_485
"""Of one picture, 256 MiB as RGB; from here on Pillow warns of decompression bombs."""
MOST_BYTES = 256 << 20
"""Of one encoded picture."""
_GREY = ("1", "L", "LA", "La")
_EIGHT_BITS = (*_GREY, "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
_UPTO = 255


class UndecodableError(Exception):
    """Bytes that are no image the panel can be shown; the text says why."""


def decoded(data: bytes) -> Image.Image:
    """Decode one picture, turned upright as its EXIF entry says.

    Raises:
        UndecodableError: it is none of the formats, damaged, of several frames, of more than 8 bits a
            channel, or larger than any picture that networks are shown.
    """
    if len(data) > MOST_BYTES:
        raise UndecodableError(f"{len(data):,} bytes, more than the {MOST_BYTES:,} that one picture may have")
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        _check(picture)
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    except UndecodableError:
        raise
    except Exception as error:  # there is no list of what Pillow raises for broken files
        raise UndecodableError(_words(error)) from error
    return upright


def formed(
    picture: Image.Image,
    grey: bool | None,
    size: tuple[int, int] | None,
    resample: Literal["bilinear", "bicubic"] = "bilinear",
) -> Pixels:
    """Return the pixels, shape (channels, height, width); transparency is dropped.

    Args:
        picture: as :func:`decoded` gives it.
        grey: one channel, by Rec. 601 luma, or three; None: as the picture is.
        size: height and width that it is stretched to, antialiased, after its colours have been converted.
        resample: Pillow's filter for that.
    """
    grey = picture.mode in _GREY if grey is None else grey
    picture = picture.convert("L" if grey else "RGB")
    if size is not None and size != (picture.height, picture.width):
        picture = picture.resize((size[1], size[0]), Image.Resampling[resample.upper()])
    pixels = np.asarray(picture)
    return pixels[None] if grey else pixels.transpose(2, 0, 1)


def _check(picture: Image.Image) -> None:
    """Look at what the header says, before any pixel is decoded."""
    if picture.width * picture.height > MOST_PIXELS:
        raise UndecodableError(
            f"{picture.width} x {picture.height} pixels; one picture may have at most {MOST_PIXELS:,}"
        )
    if picture.mode not in _EIGHT_BITS or _deep(picture):
        raise UndecodableError(f"more than 8 bits a channel (mode {picture.mode})")
    if picture.format in ("GIF", "PNG", "TIFF", "WEBP") and getattr(picture, "is_animated", False):
        raise UndecodableError("several frames or pages in one file; save the one that is meant as PNG")


def _deep(picture: Image.Image) -> bool:
    """Return whether Pillow would silently leave out the lower bits of 16."""
    tiles = getattr(picture, "tile", ())
    said = [part for tile in tiles for part in (tile[3] if isinstance(tile[3], tuple) else (tile[3],))]
    wide = any(isinstance(part, str) and ";16" in part for part in said)
    return wide or (picture.format == "PPM" and any(isinstance(part, int) and part > _UPTO for part in said))


def _words(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {MOST_PIXELS:,} pixels that one picture may have"
    text = " ".join(str(error).split())
    if text.startswith("cannot identify image file"):
        return "not an image file"
    return text[:300] or type(error).__name__


Side = Annotated[int, Field(ge=1, le=65_536)]
Mode = Literal["grey", "rgb"]


class Look(Settings):
    """What images are brought to while they are read."""

    size: tuple[Side, Side] | None = None
    """Height and width. Left out: as they are, and all alike. The aspect is not kept."""
    resample: Literal["bilinear", "bicubic"] = "bilinear"
    """Pillow's filter for ``size``; both average over what they shrink."""
    mode: Mode | None = None
    """Left out: grey if all images are, else RGB. RGB turns grey by Rec. 601 luma, as in Pillow."""

    def keeps(self, shape: tuple[int, ...]) -> bool:
        """Return whether images of a shape (n, channels, height, width) stay as they are."""
        alike = self.mode is None or (self.mode == "grey") == (shape[1] == 1)
        return alike and self.size in (None, shape[2:])


def stacked(
    contents: Iterable[bytes | Pixels | UndecodableError], count: int, name: Callable[[int], str], look: Look
) -> Pixels:
    """Decode ``count`` images; ``name`` says what messages call each.

    Grey ones among coloured ones become RGB.

    Returns:
        Shape (count, channels, height, width).

    Raises:
        OutvotedError: one cannot be decoded, or differs in size from the first, or all don't fit into memory.
    """
    images = np.empty((0, 1, 0, 0), np.uint8)
    for index, content in enumerate(contents):
        image = picture_pixels(content, index, name, look)
        if index == 0:
            check_room(count * image.nbytes, f"{count:,} images like {name(0)}")
            images = np.empty((count, *image.shape), np.uint8)
        if image.shape[1:] != images.shape[2:]:
            raise odd_size((name(0), images.shape[2:]), (name(index), image.shape[1:]))
        if len(image) > images.shape[1]:
            check_room(3 * images.nbytes, f"{count:,} images like {name(0)}")
            images = images.repeat(3, axis=1)
        images[index] = image
    return images


def odd_size(first: tuple[str, tuple[int, ...]], odd: tuple[str, tuple[int, ...]]) -> OutvotedError:
    """Say that two images, each a name with height and width, differ in size."""
    return OutvotedError(
        expected=f"images of one size, say {_size(first[1])} as in {first[0]}",
        found=f"{_size(odd[1])} in {odd[0]}",
        remedy="resize all images with data.size: [height, width]",
    )


def picture_pixels(
    content: bytes | Pixels | UndecodableError, index: int, name: Callable[[int], str], look: Look
) -> Pixels:
    """Decode one image of a data set, which ``name`` calls by its index; shape (channels, height, width).

    Raises:
        OutvotedError: it cannot be decoded.
    """
    if isinstance(content, np.ndarray) and look.keeps((1, *content.shape)):
        return content
    grey = None if look.mode is None else look.mode == "grey"
    try:
        return formed(_picture(content), grey, look.size, look.resample)
    except UndecodableError as error:
        raise OutvotedError(
            expected=f"a picture ({', '.join(FORMATS)}) of 8 bits a channel in {name(index)}",
            found=str(error)[:300],
            remedy="remove it from the data set, or save it again as PNG",
        ) from error


def _size(sides: tuple[int, ...]) -> str:
    return f"{sides[0]} x {sides[1]} pixels"


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
        if isinstance(content, np.ndarray) and content.shape == self.shape:
            return np.asarray(content, dtype=np.uint8)
        return self.fitted_picture(_picture(content))

    def fitted_picture(self, image: Image.Image) -> Pixels:
        """Return the pixels of a decoded picture, shape (channels, height, width).

        Raises:
            UndecodableError: it has another size, and that is refused.
        """
        channels, height, width = self.shape
        if image.size != (width, height) and self.sizes == "refuse":
            raise UndecodableError(f"{image.width}×{image.height} pixels, not {width}×{height}")
        return formed(image, channels == 1, (height, width))


def _picture(content: bytes | AnyArray | UndecodableError) -> Image.Image:
    """Decode an image, or take pixels (channels, height, width) or (height, width[, channels]) as one."""
    if isinstance(content, UndecodableError):
        raise content
    if isinstance(content, bytes):
        return decoded(content)
    pixels = content.transpose(1, 2, 0) if content.ndim == 3 and content.shape[0] in (1, 3) else content
    try:
        plane = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
        return Image.fromarray(np.ascontiguousarray(plane))
    except (TypeError, ValueError) as error:
        raise UndecodableError(f"pixels of type {pixels.dtype} and shape {pixels.shape}") from error
