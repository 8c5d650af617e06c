"""Packed for scripts: numbers as base64 of little-endian arrays, many small images as sheets in WebP."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from outvoted.search.arrays import Pixels

Kind = Literal["u1", "u2", "i2", "u4", "f4"]
NOTHING = 65535
"""Stands for "not a number" among per mille."""


def packed(values: ArrayLike, kind: Kind) -> dict[str, str]:
    """Pack an array, flattened: {kind: base64}; scripts read it by ``outvoted.unpack``.

    Raises:
        ValueError: a whole number does not fit.
    """
    flat = np.asarray(values).ravel()
    narrow = flat.astype(np.dtype(kind).newbyteorder("<"))
    if kind != "f4" and not (narrow == flat).all():
        raise ValueError(f"numbers that do not fit {kind}")
    return {kind: base64.b64encode(narrow.tobytes()).decode()}


def per_mille(probabilities: ArrayLike) -> dict[str, str]:
    """Pack probabilities, 0 to 1, rounded to three decimals; NaN becomes NOTHING."""
    values = np.asarray(probabilities, np.float64)
    known = np.nan_to_num(values, nan=0.0)
    return packed(np.where(np.isnan(values), NOTHING, np.rint(1000 * known)).astype(np.int64), "u2")


LARGEST = 64  # pixels of a side; larger images are shrunk
_COLUMNS = 32
_FRAMES = 512  # on a sheet, or a few more: an item's frames stay together
_QUALITY = 80


@dataclass(frozen=True)
class Sheets:
    """Sheets of the first ``items`` items that fitted; ``lossless`` where their pixels are exact.

    Attributes:
        width, height: of a frame, pixels.
        columns: frames in a row.
        counts: how many items each sheet holds.
        files: data URIs.
    """

    items: int
    width: int
    height: int
    columns: int
    counts: tuple[int, ...]
    files: tuple[str, ...]
    lossless: bool


def sheets(items: Sequence[Pixels], most: int) -> Sheets:
    """Put the frames of items, each (frames, channels, height, width) of one size, on sheets.

    Sheets are lossless if all of them would then come to at most ``most`` bytes, by the first of them, and
    at a WebP quality of 80 otherwise. Items of sheets beyond ``most`` bytes are left out.
    """
    frames = [small(item) for item in items]
    height, width = frames[0].shape[1:3] if frames else (1, 1)
    parts = list(_parts([len(item) for item in frames]))
    exact = bool(parts) and len(_encoded(frames[parts[0]], True)) * len(parts) <= most
    counts: list[int] = []
    files: list[str] = []
    spent = 0
    for part in parts:
        data = _encoded(frames[part], exact)
        spent += len(data)
        if spent > most and files:
            break
        counts.append(part.stop - part.start)
        files.append(f"data:image/webp;base64,{base64.b64encode(data).decode()}")
    return Sheets(sum(counts), width, height, _COLUMNS, tuple(counts), tuple(files), exact)


def small(images: Pixels) -> Pixels:
    """Return images (n, channels, height, width) as (n, height, width, 3) or, grey, (n, height, width).

    Those with a side of more than LARGEST pixels are shrunk so that it is LARGEST.
    """
    pixels = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    height, width = pixels.shape[1:3]
    if max(height, width) <= LARGEST:
        return pixels
    scale = LARGEST / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = (Image.fromarray(image).resize(size, Image.Resampling.BOX) for image in pixels)
    return np.stack([np.asarray(image) for image in shrunk])


def _parts(lengths: Sequence[int]) -> Iterator[slice]:
    """Split items so that each part but the last has just _FRAMES frames or more."""
    first = frames = 0
    for index, length in enumerate(lengths):
        frames += length
        if frames >= _FRAMES:
            yield slice(first, index + 1)
            first, frames = index + 1, 0
    if first < len(lengths):
        yield slice(first, len(lengths))


def _encoded(items: Sequence[Pixels], lossless: bool) -> bytes:
    frames = np.concatenate(items)
    rows = -(-len(frames) // _COLUMNS)
    height, width = frames.shape[1:3]
    grid = np.zeros((rows * _COLUMNS, *frames.shape[1:]), np.uint8)
    grid[: len(frames)] = frames
    grid = grid.reshape(rows, _COLUMNS, *frames.shape[1:]).swapaxes(1, 2)
    whole = grid.reshape(rows * height, _COLUMNS * width, *frames.shape[3:])
    buffer = io.BytesIO()
    Image.fromarray(whole).save(buffer, "WEBP", lossless=lossless, quality=50 if lossless else _QUALITY)
    return buffer.getvalue()
