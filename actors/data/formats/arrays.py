"""Arrays in files, and the images they hold: read from any row on, a block at a time, whatever the format."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from outvoted.actors.data.numbers import (
    DARK,
    Layout,
    arranged,
    as_bytes,
    in_range,
    pixels,
    recognised,
    scaled,
    too_dark,
    whole,
)
from outvoted.actors.data.passes import stamp_of
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.room import check_room
from outvoted.actors.data.rows import Content, HeldRows, Item, Rows, runs
from outvoted.actors.data.store_path import StorePath, readable
from outvoted.actors.runs.files import reason
from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError

BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What damaged files end in; the last two where they are encrypted or packed in ways Python doesn't know."""
_BLOCK = 1 << 16
_MOST_HEADER = 1 << 16
_FETCHED = 1 << 22
"""Bytes that are asked of a store together, wanted or not."""
_LOCAL = struct.Struct("<4s5H3L2H")
"""The header before a member of an archive; it ends with how long the name and the rest after it are."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, in one packed by gzip (``.gz``), or in a ``member`` of an archive; none is held.

    Attributes:
        begin: bytes of the header before it.
        packed: bytes that it takes in the file.
        fortran: the first axis varies fastest; such an array is only read as a whole.
        plain: where a member that isn't compressed begins in the file, from the beginning of the file.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: Any
    begin: int
    packed: int
    fortran: bool = False
    member: str | None = None
    plain: int | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path) if self.member is None else f"{self.member} of {self.path}"

    @property
    def anywhere(self) -> bool:
        """Whether reading may begin at any row without unpacking those before it."""
        return self.member is None and self.path.suffix != ".gz"

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
        last = len(self) if last is None else last
        begin, end = (0, len(self)) if self.fortran else (first, last)
        check_room(self.size * (end - begin) // max(1, len(self)), self.name, self.packed)
        found = next(self.blocks(begin, end, max(1, end - begin)))
        return found[first:last] if self.fortran else found

    def blocks(self, first: int, last: int, rows: int | None = None) -> Iterator[AnyArray]:
        """Read rows ``first`` to ``last`` - 1, ``rows`` at a time; as many as take 64 KiB if it is left out.

        Raises:
            OutvotedError: the file is damaged.
        """
        row = self.size // max(1, len(self))
        block = _FETCHED if isinstance(self.path, StorePath) else _BLOCK
        step = rows or max(1, block // max(1, row))
        try:
            with self._opened(first * row) as file:
                for start in range(first, max(last, first + 1), step):
                    count = min(step, last - start)
                    data = _filled(file, count * row, block)
                    inside = self.plain is not None and first  # an archive, where more may follow
                    if start + count == len(self) and not inside and file.read(1):  # looks at checksums
                        raise ValueError("more bytes than its header says")
                    shape = (count, *self.shape[1:])
                    yield data.view(self.dtype).reshape(shape, order="F" if self.fortran else "C")
        except BROKEN as error:
            raise OutvotedError(
                expected=f"a whole array in {self.name}",
                found=f"damaged data ({reason(error)})",
                remedy="create or download the file again, or name another (data.path, scan.source.path)",
            ) from error

    @contextmanager
    def _opened(self, skipped: int) -> Iterator[Any]:
        """Open the file where the array begins, or this many bytes later."""
        if self.member is None:
            with opened(self.path) as file:
                file.seek(self.begin + skipped)
                yield file
        elif self.plain is not None and skipped:  # the checksum of a member is only known at its end
            with self.path.open("rb") as file:
                file.seek(self.plain + self.begin + skipped)
                yield file
        else:
            with (
                zipfile.ZipFile(readable(self.path)) as archive,
                archive.open(f"{self.member}.npy") as member,
            ):
                member.read(self.begin)  # after a jump, zipfile checks no checksum
                member.seek(skipped, 1) if skipped else None
                yield member


def opened(path: Path) -> Any:
    """Open a file to read its bytes, unpacked if its name ends in ``.gz``."""
    return gzip.open(readable(path)) if path.suffix == ".gz" else path.open("rb")


def npy_array(path: Path) -> StoredArray:
    """Find the array of an ``.npy`` file, and check that as many bytes as it says are there.

    Raises:
        one of BROKEN: they are not, or it is no array.
    """
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file)
        found = StoredArray(path, shape, dtype, file.tell(), path.stat().st_size, fortran)
    if not dtype.hasobject and found.size > found.packed - found.begin:
        raise EOFError(f"shape {shape} in {found.packed:,} bytes")
    return found


def npz_array(archive: zipfile.ZipFile, path: Path, name: str) -> StoredArray:
    """Find a member of an archive, and check that as many bytes as it says are there.

    Raises:
        one of BROKEN: they are not, or it is no array.
    """
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        shape, fortran, dtype = _header(file)
        plain = None if info.compress_type != zipfile.ZIP_STORED else _begin_of(path, info)
        found = StoredArray(path, shape, dtype, file.tell(), info.compress_size, fortran, name, plain)
    said = info.file_size - found.begin
    if said != found.size and not dtype.hasobject:
        raise ValueError(f"'{name}' of shape {shape} in {said:,} bytes")
    return found


def plain(found: StoredArray) -> StoredArray:
    """Return an array of plain values; unpickling another would run whatever code a file holds.

    Raises:
        OutvotedError: it is one of pickled objects.
    """
    if found.dtype.hasobject:
        named = f"under '{found.member}' " if found.member else ""
        raise OutvotedError(
            expected=f"an array of plain numbers {named}in {found.path}",
            found="one of pickled objects, which could run any code",
            remedy="save it again as an array of one number type",
        )
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

    def items(self) -> Iterator[Item]:
        """Read the images block by block."""
        labels, where = iter(self.labels().tolist()), self.images.name
        for block in self.images.blocks(self.first, self.last) if len(self) else ():
            found = arranged(block, self.layout, where)
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
        return HeldRows(self.where, found, np.empty(len(found), np.int64)).pixels(look)

    @property
    def in_memory(self) -> bool:
        """Whether no single row can be reached, or only all of them say whether they are pixels."""
        told = self.images.dtype == np.uint8 or self.white is not None
        reached = self.images.anywhere or self.images.plain is not None
        return not (told and reached and not self.images.fortran)

    def contents(self, numbers: Ints) -> Iterator[Content]:
        """Read images that follow one another together.

        Where most of a member of an archive is asked for all of it is read, which has its checksum looked at.
        """
        where, wanted = self.images.name, numbers + self.first
        whole = self.images.plain is not None and 2 * len(wanted) > len(self.images)
        far = isinstance(self.images.path, StorePath)  # where rows between are read sooner than passed over
        gap = max(1, _FETCHED * len(self.images) // max(1, self.images.size)) if far else 1
        for run in [np.arange(len(self.images))] if whole else runs(wanted, gap):
            begin = int(run[0])
            for block in self.images.blocks(begin, int(run[-1]) + 1):
                found = arranged(block, self.layout, where)
                first, last = np.searchsorted(wanted, [begin, begin + len(block)])
                found = found[wanted[first:last] - begin]
                begin += len(block)
                yield from found if self.white is None else scaled(found, self.white, where)

    def stamp(self) -> str | None:
        """Ask the system for the state of the file."""
        said = (self.images.member, self.layout, self.white, self.first, self.last)
        return stamp_of([self.images.path], (repr(said).encode(),))

    def too_dark(self, highest: int) -> OutvotedError | None:
        """Where nothing says what white is, it should come near 255."""
        dark = self.white is None and 0 < highest < DARK
        return too_dark(highest, self.images.name, "data.white") if dark else None

    def cuts(self, size: int) -> Iterable[int]:
        """Cut anywhere, or where reading begins at the beginning, nowhere."""
        return super().cuts(size) if self.images.anywhere else (0,)


def array_rows(
    images: StoredArray,
    answers: StoredArray | None,
    layout: Layout | None,
    white: float | None,
    setting: str = "data",
) -> ArrayRows:
    """Return the images of an array, after a look at what its header says.

    Args:
        layout: the order of the axes; recognised if it is left out.
        setting: which part of the configuration messages refer to.

    Raises:
        OutvotedError: images and labels do not belong together, or the array is none of images.
    """
    if not prod(images.shape) or (answers is not None and answers.shape[:1] != images.shape[:1]):
        raise uncounted(images, *([] if answers is None else [answers]))
    layout = layout or recognised(images.shape, images.name, f"{setting}.layout")
    arranged(np.empty((0, *images.shape[1:]), np.uint8), layout, images.name)
    where = (images if answers is None else answers).name
    return ArrayRows(where, images, answers, layout, white, 0, len(images))


def uncounted(*arrays: StoredArray) -> OutvotedError:
    """Say that images and labels do not belong together, or that there are none."""
    shown = [array.member or array.path.name for array in arrays]
    shapes = [str(array.shape) for array in arrays]
    return OutvotedError(
        expected=f"as many labels as images in {' and '.join(shown)}",
        found=f"arrays of shape {' and '.join(shapes)} in {arrays[0].path}",
        remedy="take both from one data set, one label for each image and at least one image",
    )


def _begin_of(path: Path, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member that is not compressed begin.

    Raises:
        ValueError: before it stands no header, as before members of an archive it does.
    """
    with path.open("rb") as file:
        file.seek(info.header_offset)
        head = file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            raise ValueError(f"no header before '{info.filename}'")
        name, extra = _LOCAL.unpack(head)[-2:]
    return info.header_offset + _LOCAL.size + int(name) + int(extra)


def _header(file: Any) -> tuple[tuple[int, ...], bool, Any]:
    """Read the header of an array; the file then stands at its data."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    begin, length = file.tell(), file.read(4)
    if version != (1, 0) and int.from_bytes(length, "little") > _MOST_HEADER:
        raise ValueError(f"a header of more than {_MOST_HEADER:,} bytes")
    file.seek(begin)
    shape, fortran, dtype = read(file)
    if not dtype.itemsize or min(shape, default=0) < 0:
        raise ValueError(f"values of type {dtype} and shape {shape}")
    return shape, fortran, dtype


def _filled(file: Any, size: int, block: int) -> Pixels:
    """Read this many bytes, a block at a time."""
    found = np.empty(size, np.uint8)
    done = 0
    while done < size:
        got = file.readinto(found.data[done : done + block])
        if not got:
            raise EOFError("the array ends too early")
        done += got
    return found
