"""MATLAB's .mat files, as far as their size is concerned."""

import struct
import zlib
from pathlib import Path
from typing import IO

from outvoted.actors.data.room import check_room, limit

_HEADER, _COMPRESSED, _STEP = 128, 15, 1 << 20


def check_unpacked(path: Path) -> None:
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
