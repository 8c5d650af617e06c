"""Which bytes are an image, and its pixels: one rule for labelled images and for those that are scanned."""

import io
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from outvoted.search.arrays import Pixels

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
    """Tell whether Pillow would silently leave out the lower bits of 16."""
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
