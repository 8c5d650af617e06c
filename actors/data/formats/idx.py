"""The idx format of MNIST and its relatives."""

import gzip
import struct
from pathlib import Path
from typing import IO, Literal

import numpy as np

from outvoted.actors.data.formats.arrays import BROKEN, ArrayRows, StoredArray, array_rows, opened, uncounted
from outvoted.actors.data.formats.base import Contents, Format, Levels
from outvoted.search.errors import OutvotedError

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Images and labels of each split, under the names that MNIST gave them."""
_UNSIGNED_BYTE = 0x08
_MOST_DIMENSIONS = 8
_MOST_DEFLATED = 1100
"""A little more than what one byte can become in gzip's format."""


class Idx(Format, Levels):
    """A folder with the files of MNIST's names, gzipped or not; those of the test split may be missing."""

    name: Literal["idx"] = "idx"

    def read(self) -> Contents:
        """Find the images; grey, as the format has no channels."""
        tested = any(_file(self.path, name).exists() for name in FILES["test"])
        return Contents(self.split("train"), self.split("test") if tested else None)

    def split(self, split: Literal["train", "test"]) -> ArrayRows:
        """Find the images and labels of one split.

        Raises:
            OutvotedError: a file is missing or damaged, or both do not belong together.
        """
        images, labels = (idx_array(_file(self.path, name)) for name in FILES[split])
        if len(images.shape) != 3 or len(labels.shape) != 1:
            raise uncounted(images, labels)
        return array_rows(images, labels, "NHW", self.white)


def idx_array(path: Path) -> StoredArray:
    """Find the array of an idx file of unsigned bytes, gzipped if its name ends in ``.gz``.

    Raises:
        OutvotedError: the file is missing, not one, or holds less or more than it says.
    """
    try:
        size = path.stat().st_size
        with opened(path) as file:
            found = StoredArray(path, _shape(path, file), np.dtype(np.uint8), file.tell(), size)
    except FileNotFoundError:
        raise _unusable(path, "no such file") from None
    except BROKEN as error:
        raise _unusable(path, f"a file that cannot be read ({error})") from error
    if found.anywhere and size - found.begin != found.size:
        raise _unusable(path, f"a header that says {found.shape} and {size - found.begin} bytes of data")
    if found.size > _MOST_DEFLATED * size:
        raise _unusable(path, f"a header that says {found.shape}, which is more than the file can hold")
    return found


def _shape(path: Path, file: IO[bytes] | gzip.GzipFile) -> tuple[int, ...]:
    """Read the header; the file then stands at its data."""
    begin = file.read(4)
    if len(begin) < 4 or begin[:3] != bytes((0, 0, _UNSIGNED_BYTE)):
        raise _unusable(path, f"a file that begins with bytes {begin.hex(' ') or '(none)'}")
    sides = file.read(4 * begin[3])
    if begin[3] > _MOST_DIMENSIONS or len(sides) < 4 * begin[3]:
        found = f"a header that promises {begin[3]} dimensions in a file of {path.stat().st_size} bytes"
        raise _unusable(path, found)
    return struct.unpack(f">{begin[3]}I", sides)


def _file(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.exists() else folder / f"{name}.gz"


def _unusable(path: Path, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"an idx file of unsigned bytes at {path}",
        found=found,
        remedy="download the file again, or name another folder with data.path",
    )
