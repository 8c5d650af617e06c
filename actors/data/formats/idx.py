"""The idx format of MNIST and its relatives."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from outvoted.actors.data.formats.base import Contents, Levels, Part, Source, uncounted
from outvoted.actors.data.numbers import pixels
from outvoted.actors.data.pictures import alike
from outvoted.actors.data.room import check_room
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


class Idx(Source, Levels):
    """A folder with the files of MNIST's names, gzipped or not; those of the test split may be missing."""

    name: Literal["idx"] = "idx"

    def read(self) -> Contents:
        """Read the images; grey, as the format has no channels."""
        tested = any(_file(self.path, name).exists() for name in FILES["test"])
        train, test = read_part(self.path, "train"), read_part(self.path, "test") if tested else None
        return Contents(self._alike(train), test and self._alike(test))

    def _alike(self, part: Part) -> Part:
        images = pixels(part.images, "NCHW", part.where.replace("labels-idx1", "images-idx3"), self.white)
        return Part(alike(images, self), part.labels, part.where)


def read_part(folder: Path, split: Literal["train", "test"]) -> Part:
    """Read the images and labels of one split.

    Raises:
        OutvotedError: a file is missing or damaged, or both do not belong together.
    """
    image_file, label_file = (_file(folder, name) for name in FILES[split])
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or labels.shape != images.shape[:1] or not len(labels):
        raise uncounted(folder, (image_file.name, label_file.name), (images.shape, labels.shape))
    return Part(images[:, None], labels.astype(np.int64), str(label_file))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes, gzipped if its name ends in ``.gz``.

    Raises:
        OutvotedError: the file is missing, cut short, damaged, or not an idx file of unsigned bytes.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _shape(path, file)
            size, there = prod(shape), path.stat().st_size - file.tell()
            if path.suffix != ".gz" and there != size:
                raise _unusable(path, f"a header that says {shape} and {there} bytes of data")
            if size > _MOST_DEFLATED * path.stat().st_size:
                raise _unusable(path, f"a header that says {shape}, which is more than the file can hold")
            check_room(size, path, path.stat().st_size)
            raw = file.read(size + 1)  # to the end, so that a checksum is looked at
    except FileNotFoundError:
        raise _unusable(path, "no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, f"a file that cannot be read ({error})") from error
    if len(raw) != size:
        more = " or more" if len(raw) > size else ""
        raise _unusable(path, f"a header that says {shape} and {len(raw)} bytes of data{more}")
    return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


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
