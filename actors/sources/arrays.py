"""Images in one big NumPy array: `.npy`, or a member of `.npz`."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy

from outvoted.actors.sources.base import Item, Piece, Source, cut
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError, suggestion

_BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: Any

    @property
    def images(self) -> bool:
        """Tell whether this can be an array of images."""
        return (
            self.dtype == np.uint8 and len(self.shape) in (3, 4) and not self.fortran and prod(self.shape) > 0
        )


class ArraySource(Source):
    """An array of uint8 images (n, height, width), (n, channels, height, width) or channels last.

    A `.npy` file is mapped into memory and read anywhere; a member of a `.npz` file, compressed or not, is
    read from its beginning, row by row.
    """

    kind: Literal["array"] = "array"
    path: Path
    key: str | None = None
    """The member of an npz file; the only one that can hold images where it is left out."""
    label: str | None = None
    """A member of the npz file with the true labels, whole numbers, which score what was found."""

    def pieces(self, batch: int) -> list[Piece]:
        """Cut a npy file anywhere; take a npz file as one piece."""
        try:
            if not self._zipped:
                with self.path.open("rb") as file:
                    return cut(self._checked(self.path.name, _header(file)).shape[0], batch)
            with zipfile.ZipFile(self.path) as archive:
                key = self._key(archive)
                count = self._checked(key, _member_header(archive, key)).shape[0]
                self._check_labels(archive, count)
                return [Piece(0, count, (key,))]
        except _BROKEN as error:
            found = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise self._unusable(found, "name another file with scan.source.path") from error

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the images of a piece one by one."""
        if not self._zipped:
            images = np.load(self.path, mmap_mode="r", allow_pickle=False)
            for image in images[piece.first : piece.first + piece.count]:
                yield Item(np.array(image))
            return
        try:
            with zipfile.ZipFile(self.path) as archive:
                for image, label in zip(
                    _rows(archive, piece.where[0]), self._labels(archive, piece), strict=True
                ):
                    yield Item(image, label=label)
        except _BROKEN as error:
            raise self._unusable(f"damaged data ({error})", "make or download the file again") from error

    @property
    def _zipped(self) -> bool:
        return self.path.suffix == ".npz"

    def _labels(self, archive: zipfile.ZipFile, piece: Piece) -> Iterator[int | None]:
        if self.label is None:
            yield from (None for _ in range(piece.count))
        else:
            yield from (int(label) for label in _rows(archive, self.label))

    def _key(self, archive: zipfile.ZipFile) -> str:
        """Return the name of the member that holds the images."""
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        for wanted in (self.key, self.label):
            if wanted is not None and wanted not in names:
                raise self._unusable(f"no array '{wanted}'", suggestion(wanted, names))
        if self.key is not None:
            return self.key
        fitting = [name for name in names if _member_header(archive, name).images]
        if len(fitting) != 1:
            remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with uint8 images in it"
            raise self._unusable(f"arrays {', '.join(names) or '(none)'}", f"{remedy} (scan.source.key)")
        return fitting[0]

    def _checked(self, name: str, header: _Header) -> _Header:
        if not header.images:
            order = ", in Fortran order" if header.fortran else ""
            raise self._unusable(
                f"{name} of type {header.dtype} and shape {header.shape}{order}", "convert it"
            )
        return header

    def _check_labels(self, archive: zipfile.ZipFile, count: int) -> None:
        if self.label is None:
            return
        header = _member_header(archive, self.label)
        if header.shape != (count,) or header.dtype.kind not in "iu":
            found = f"{self.label} of type {header.dtype} and shape {header.shape}"
            raise self._unusable(found, f"name an array of {count} whole numbers (scan.source.label)")

    def _unusable(self, found: str, remedy: str) -> OutvotedError:
        return OutvotedError(
            expected=f"an array of uint8 images (n, [channels,] height, width[, channels]) in {self.path}",
            found=found,
            remedy=remedy,
        )


def _header(file: IO[bytes]) -> _Header:
    """Read the header of an array; the file then stands at its data."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return _Header(*read(file))


def _member_header(archive: zipfile.ZipFile, name: str) -> _Header:
    with archive.open(f"{name}.npy") as file:
        return _header(file)


def _rows(archive: zipfile.ZipFile, name: str) -> Iterator[AnyArray]:
    """Read a member row by row; what lies between is decompressed and dropped."""
    with archive.open(f"{name}.npy") as file:
        header = _header(file)
        size = header.dtype.itemsize * prod(header.shape[1:])
        for _ in range(header.shape[0]):
            data = file.read(size)
            if len(data) != size:
                raise EOFError("the array ends too early")
            yield np.frombuffer(data, header.dtype).reshape(header.shape[1:])
