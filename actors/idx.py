"""Reading the idx format of MNIST and its relatives."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outvoted.search.errors import OutvotedError

_UNSIGNED_BYTE = 0x08
_MOST_DIMENSIONS = 8


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


def _unusable(path: Path, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"an idx file of unsigned bytes at {path}",
        found=found,
        remedy="download the file again, or name another folder with data.path",
    )
