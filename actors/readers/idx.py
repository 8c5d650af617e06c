"""The idx format of MNIST and its relatives."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from outvoted.actors.readers.base import Contents, Levels, Part, Source, uncounted
from outvoted.actors.readers.numbers import pixels
from outvoted.actors.readers.pictures import alike
from outvoted.search.errors import OutvotedError

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Images and labels of each split, under the names that MNIST gave them."""
_UNSIGNED_BYTE = 0x08
_MOST_DIMENSIONS = 8


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
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise _unusable(path, "no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, f"a file that cannot be read ({error})") from error
    if len(raw) < 4 or raw[:3] != bytes((0, 0, _UNSIGNED_BYTE)):
        raise _unusable(path, f"a file that begins with bytes {raw[:4].hex(' ') or '(none)'}")
    header = 4 + 4 * raw[3]
    if raw[3] > _MOST_DIMENSIONS or len(raw) < header:
        raise _unusable(path, f"a header that promises {raw[3]} dimensions in a file of {len(raw)} bytes")
    shape = struct.unpack(f">{raw[3]}I", raw[4:header])
    if len(raw) - header != prod(shape):
        raise _unusable(path, f"a header that says {shape} and {len(raw) - header} bytes of data")
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)


def _file(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.exists() else folder / f"{name}.gz"


def _unusable(path: Path, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"an idx file of unsigned bytes at {path}",
        found=found,
        remedy="download the file again, or name another folder with data.path",
    )
