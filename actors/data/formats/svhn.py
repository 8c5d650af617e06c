"""Street View House Numbers: the cropped digits, as their authors' .mat files hold them."""

import struct
import zlib
from pathlib import Path
from typing import IO, Literal

import numpy as np

from outvoted.actors.data.files import lacking, unreadable
from outvoted.actors.data.formats.base import Contents, Format
from outvoted.actors.data.numbers import pixels, whole
from outvoted.actors.data.room import check_room, limit
from outvoted.actors.data.rows import HeldRows
from outvoted.actors.data.store_path import readable
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError

_FILES = ("train_32x32.mat", "test_32x32.mat")
_HEADER, _COMPRESSED, _STEP = 128, 15, 1 << 20


class Svhn(Format):
    """A folder with ``train_32x32.mat`` and, if there is one, ``test_32x32.mat``; or one such file.

    ``X`` has the shape (height, width, 3, n), ``y`` the shape (n, 1), and the digit 0 has the label 10
    (Netzer et al., Reading Digits in Natural Images with Unsupervised Feature Learning, 2011).
    """

    name: Literal["svhn"] = "svhn"

    def read(self) -> Contents:
        """Read the digits; label 10 becomes 0."""
        if not self.path.is_dir():
            return Contents(self._rows(self.path))
        train, test = (self.path / name for name in _FILES)
        return Contents(self._rows(train), self._rows(test) if test.exists() else None)

    def _rows(self, file: Path) -> HeldRows:
        arrays = _loaded(file)
        images, labels = arrays["X"], whole(arrays["y"], f"y of {file}")
        if images.ndim != 4 or images.shape[3] != len(labels) or not len(labels):
            raise OutvotedError(
                expected=f"as many labels as images in X and y of {file}",
                found=f"arrays of shape {images.shape} and {arrays['y'].shape}",
                remedy="take both from one data set, one label for each image and at least one image",
            )
        if labels.min() < 1 or labels.max() > 10:
            raise OutvotedError(
                expected=f"labels 1 to 10, where 10 is the digit 0, in y of {file}",
                found=f"labels from {labels.min()} to {labels.max()}",
                remedy="name files of the cropped digits, or bring other data as npz",
            )
        found = pixels(np.ascontiguousarray(images.transpose(3, 2, 0, 1)), "NCHW", f"X of {file}")
        return HeldRows(f"y of {file}", found, labels % 10)


def _loaded(file: Path) -> dict[str, AnyArray]:
    try:
        _check_unpacked(file)
        from scipy.io import loadmat  # here: every actor imports the readers, few read such files

        found: dict[str, AnyArray] = loadmat(readable(file), variable_names=("X", "y"), appendmat=False)
    except OutvotedError:
        raise
    except Exception as error:  # damaged .mat files end in errors of many classes
        raise unreadable(file, "a .mat file with X and y", error) from error
    for name in ("X", "y"):
        if name not in found:
            raise lacking("array", name, [key for key in found if not key.startswith("__")], file)
    return found


def _check_unpacked(path: Path) -> None:
    """Refuse a file whose compressed variables grow as no real images do; nothing of them is kept in memory.

    What is damaged, or no such file at all, is left to the reader, who says so.

    Raises:
        OutvotedError: it does not fit into memory, or grows too much.
    """
    size = path.stat().st_size
    most = limit(size)
    with path.open("rb") as file:
        order = {b"IM": "<", b"MI": ">"}.get(file.read(_HEADER)[-2:])
        grown = 0
        while order is not None and len(tag := file.read(8)) == 8:
            kind, length = struct.unpack(f"{order}II", tag)
            if kind == _COMPRESSED:
                grown += _grown(file, length, most - grown)
            if kind == _COMPRESSED and grown > most:
                check_room(grown, path, size)
            if kind != _COMPRESSED:
                file.seek(length, 1)


def _grown(file: IO[bytes], length: int, most: int) -> int:
    """Count the bytes that the next ``length`` become, up to a little more than ``most``."""
    unpacking, grown, end = zlib.decompressobj(), 0, file.tell() + length
    while grown <= most and (left := end - file.tell()) > 0 and (packed := file.read(min(_STEP, left))):
        while packed and grown <= most:
            try:
                grown += len(unpacking.decompress(packed, _STEP))
            except zlib.error:
                packed = b""
                break
            packed = unpacking.unconsumed_tail
    file.seek(end)
    return grown
