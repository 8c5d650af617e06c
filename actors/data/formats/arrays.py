"""Arrays in files, and the images they hold: read from any row on, a block at a time, whatever the format."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from math import prod
from os import SEEK_CUR
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from outvoted.actors.data.files import unreadable
from outvoted.actors.data.numbers import Layout, arranged, as_bytes, in_range, pixels, scaled, whole
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.room import check_room
from outvoted.actors.data.rows import HeldRows, Item, Rows
from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError

BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What damaged files end in; the last two where they are encrypted or packed in ways Python doesn't know."""
_BLOCK = 1 << 16


@dataclass(frozen=True)
class StoredArray(ABC):
    """An array in a file: what its header says; nothing of it is held.

    Attributes:
        packed: bytes that it takes in the file.
        fortran: the first axis varies fastest; such an array is only read as a whole.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: Any
    packed: int
    fortran: bool = False

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call it."""

    @property
    @abstractmethod
    def anywhere(self) -> bool:
        """Whether reading may begin at any row without reading those before it."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[Any]:
        """Open the file where the array begins."""

    @abstractmethod
    def damaged(self, error: Exception) -> OutvotedError:
        """Say that the file, opened once, cannot be read."""

    def __len__(self) -> int:
        return self.shape[0] if self.shape else 1

    @property
    def size(self) -> int:
        """Bytes of the whole array in memory."""
        return prod(self.shape) * int(self.dtype.itemsize)

    def read(self, first: int = 0, last: int | None = None) -> AnyArray:
        """Read rows ``first`` to ``last`` - 1 as one array.

        Raises:
            OutvotedError: they don't fit into memory, grow as no real data do, or the file is damaged.
        """
        count = len(self)
        last = count if last is None else last
        begin, end = (0, count) if self.fortran else (first, last)
        check_room(self.size * (end - begin) // max(1, count), self.name, self.packed)
        found = next(self.blocks(begin, end, max(1, end - begin)))
        return found[first:last] if self.fortran else found

    def blocks(self, first: int, last: int, rows: int | None = None) -> Iterator[AnyArray]:
        """Read rows ``first`` to ``last`` - 1, ``rows`` at a time; as many as take 64 KiB if it is left out.

        Raises:
            OutvotedError: the file is damaged.
        """
        row = self.size // max(1, len(self))
        step = rows or max(1, _BLOCK // max(1, row))
        try:
            with self.opened() as file:
                if first:
                    file.seek(first * row, SEEK_CUR)
                for start in range(first, max(last, first + 1), step):
                    count = min(step, last - start)
                    data = _filled(file, count * row)
                    if start + count == len(self) and file.read(1):  # the end: a checksum is looked at
                        raise ValueError("more bytes than its header says")
                    shape = (count, *self.shape[1:])
                    yield data.view(self.dtype).reshape(shape, order="F" if self.fortran else "C")
        except BROKEN as error:
            raise self.damaged(error) from error


@dataclass(frozen=True)
class NumpyArray(StoredArray):
    """An array in NumPy's format: a file, or the ``member`` of an ``.npz`` archive."""

    member: str | None = None

    @property
    def name(self) -> str:
        """The member and the file."""
        return str(self.path) if self.member is None else f"{self.member} of {self.path}"

    @property
    def anywhere(self) -> bool:
        """What lies before a row of an archive's member is decompressed too."""
        return self.member is None

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Open the file or the member, and read the header."""
        if self.member is None:
            with self.path.open("rb") as file:
                _header(file)
                yield file
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.member}.npy") as member:
                _header(member)
                yield member

    def damaged(self, error: Exception) -> OutvotedError:
        """Name the member."""
        return unreadable(self.path, f"a whole array '{self.member or self.path.name}'", error)


def npy_array(path: Path) -> NumpyArray:
    """Find the array of an ``.npy`` file, and check that as many bytes as it says are there.

    Raises:
        one of BROKEN: they are not, or it is no array.
    """
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file)
        found = NumpyArray(path, shape, dtype, path.stat().st_size, fortran)
        if not dtype.hasobject and found.size > found.packed - file.tell():
            raise EOFError(f"shape {shape} in {found.packed:,} bytes")
    return found


def npz_array(archive: zipfile.ZipFile, path: Path, name: str) -> NumpyArray:
    """Find a member of an archive, and check that as many bytes as it says are there.

    Raises:
        one of BROKEN: they are not, or it is no array.
    """
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        shape, fortran, dtype = _header(file)
        found = NumpyArray(path, shape, dtype, info.compress_size, fortran, name)
        said = info.file_size - file.tell()
    if said != found.size and not dtype.hasobject:
        raise ValueError(f"'{name}' of shape {shape} in {said:,} bytes")
    return found


def names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays in an archive."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


@dataclass(frozen=True)
class ArrayRows(Rows):
    """Rows ``first`` to ``last`` - 1 of an array of images, with one of labels where there is one.

    Attributes:
        white: the number that becomes 255; None: pixels are whole numbers 0-255.
    """

    images: StoredArray
    answers: StoredArray | None
    layout: Layout
    white: float | None
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def _range(self, first: int, last: int) -> Rows:
        return replace(self, first=self.first + first, last=self.first + last)

    @property
    def where(self) -> str:
        """The array of labels."""
        return (self.answers or self.images).name

    def items(self) -> Iterator[Item]:
        """Read the images block by block."""
        labels = iter(self.labels().tolist())
        for block in self.images.blocks(self.first, self.last) if len(self) else ():
            found = arranged(block, self.layout, self.images.name)
            where = self.images.name
            for image in as_bytes(found, where) if self.white is None else scaled(found, self.white, where):
                yield Item(image, label=next(labels))

    def labels(self) -> Ints:
        """Read the labels."""
        if self.answers is None:
            return super().labels()
        return in_range(whole(self.answers.read(), self.where), self.where)[self.first : self.last]

    def pixels(self, look: Look) -> Pixels:
        """Read the images at once: what they hold is only known of all of them."""
        array = self.images.read(self.first, self.last)
        found = pixels(array, self.layout, self.images.name, self.white)
        return HeldRows(found, np.empty(len(found), np.int64), self.images.name).pixels(look)

    def cuts(self, size: int) -> Iterable[int]:
        """Cut anywhere, or where reading begins at the beginning, nowhere."""
        return super().cuts(size) if self.images.anywhere else (0,)


def _header(file: Any) -> tuple[tuple[int, ...], bool, Any]:
    """Read the header of an array; the file then stands at its data."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if not dtype.itemsize:
        raise ValueError(f"values of type {dtype}")
    return shape, fortran, dtype


def _filled(file: Any, size: int) -> Pixels:
    """Read so many bytes."""
    found = np.empty(size, np.uint8)
    there, done = found.data, 0
    while done < size:
        got = file.readinto(there[done : done + _BLOCK])
        if not got:
            raise EOFError("the array ends too early")
        done += got
    return found
