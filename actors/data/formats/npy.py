"""Arrays in NumPy's files: what their headers say, and what may be read of them."""

import zipfile
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from outvoted.actors.data.room import check_room
from outvoted.search.arrays import AnyArray

BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What damaged files end in; the last two where they are encrypted or packed in ways Python doesn't know."""


@dataclass(frozen=True)
class Header:
    """What a file says of its array, and where in the file it begins."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: Any
    begin: int

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return prod(self.shape) * int(self.dtype.itemsize)


def header(file: IO[bytes]) -> Header:
    """Read the header of an array; the file then stands at its data.

    Raises:
        one of BROKEN: it is none.
    """
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    found = read(file)
    return Header(*found, begin=file.tell())


def names(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the arrays in an archive."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def member_header(archive: zipfile.ZipFile, name: str) -> Header:
    """Read the header of a member, and check that as many bytes as it says are there.

    Raises:
        one of BROKEN: they are not, or it is no array.
    """
    with archive.open(f"{name}.npy") as file:
        found = header(file)
    said = archive.getinfo(f"{name}.npy").file_size - found.begin
    if said != found.size and not found.dtype.hasobject:
        raise ValueError(f"'{name}' of shape {found.shape} in {said:,} bytes")
    return found


def read_member(archive: zipfile.ZipFile, name: str, where: Path) -> AnyArray:
    """Read a member that is known to hold no objects.

    Raises:
        OutvotedError: it does not fit into memory, or grows as no real images do.
        one of BROKEN: it is damaged.
    """
    packed = archive.getinfo(f"{name}.npy").compress_size
    check_room(member_header(archive, name).size, f"'{name}' of {where}", packed)
    with archive.open(f"{name}.npy") as file:
        found: AnyArray = npy.read_array(file, allow_pickle=False)
        if file.read(1):  # read to the end, so that its checksum is looked at
            raise ValueError("more bytes than its header says")
    return np.asarray(found)
