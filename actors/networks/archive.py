"""The ZIP archives in which PyTorch keeps weights and programs: read strictly, and rewritten.

A crafted ZIP file may say one thing to one program and another to the next: it can hold two directories, two
entries of one name, or headers that disagree. PyTorch reads archives with a parser of its own, so nothing but
the plainest structure is let through here: what was looked at is then what PyTorch sees.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ENTRIES = 65_536
"""The most entries that an archive may have."""

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LARGE = 2**32 - 1  # the number stands in an extra field
_FLAGS = 0x0808  # sizes also behind the data; names in UTF-8
_BEHIND = 24  # bytes of the sizes behind the data, at most


class NotPlainError(ValueError):
    """An archive is damaged, or not of the plain structure that PyTorch writes; the text says why."""


class _Entry(NamedTuple):
    name: str
    flags: int
    crc: int
    size: int
    offset: int


def entries(data: memoryview) -> dict[str, memoryview]:
    """Return what lies under each name in an archive, without copying it.

    Raises:
        NotPlainError: it is damaged, compressed or encrypted, or its parts overlap, repeat or disagree.
    """
    start, stop, count = _directory(data)
    found: dict[str, memoryview] = {}
    known: set[str] = set()
    end = 0
    for entry in sorted(_listed(data[start:stop], count), key=lambda entry: entry.offset):
        if entry.name.lower() in known:  # PyTorch doesn't tell upper from lower case
            raise NotPlainError(f"two entries of the name {entry.name}")
        if not end <= entry.offset <= end + _BEHIND:
            raise NotPlainError(f"the entry {entry.name} not right behind the one before it")
        body = _body(data[:start], entry)
        end = body + entry.size
        known.add(entry.name.lower())
        found[entry.name] = data[body:end]
        if zlib.crc32(found[entry.name]) != entry.crc:
            raise NotPlainError(f"a damaged file: the checksum of the entry {entry.name} differs")
    if start > end + _BEHIND:
        raise NotPlainError("something between the entries and the directory")
    return found


def written(parts: Iterable[tuple[str, bytes | memoryview]]) -> io.BytesIO:
    """Write a plain archive of these names and contents, and go back to its beginning."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts:
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Return where the directory begins and ends, and how many entries it lists."""
    at = len(data) - _END.size
    if at < 0 or bytes(data[at : at + 4]) != b"PK\5\6":
        raise NotPlainError("no archive's end at the end of the file: it was cut off, or something follows")
    _, disk, first, here, count, size, start, _ = _END.unpack(data[at:])
    if bytes(data[max(at - _LOCATOR.size, 0) :][:4]) == b"PK\6\7":
        at, large = _large_end(data, at - _LOCATOR.size)
        for small, number in zip((count, size, start), large, strict=True):
            if small not in (number, 0xFFFF, _LARGE):
                raise NotPlainError("two ends of the archive that disagree")
        here = count = large[0]
        size, start = large[1:]
    if disk or first or here != count or start + size != at:
        raise NotPlainError("a directory that is not right before the archive's end")
    if count > ENTRIES:
        raise NotPlainError(f"{count:,} entries, more than {ENTRIES:,}")
    return start, at, count


def _large_end(data: memoryview, locator: int) -> tuple[int, tuple[int, int, int]]:
    """Return where the end of a large archive is written, and its count, size and start of the directory."""
    _, disk, at, disks = _LOCATOR.unpack(data[locator : locator + _LOCATOR.size])
    if disk or disks > 1 or at != locator - _LARGE_END.size or bytes(data[at : at + 4]) != b"PK\6\6":
        raise NotPlainError("an archive's end that is not where it should be")
    _, length, _, _, disk, first, here, count, size, start = _LARGE_END.unpack(data[at:locator])
    if length != _LARGE_END.size - 12 or disk or first or here != count:
        raise NotPlainError("an archive's end of an unusual form")
    return at, (count, size, start)


def _listed(directory: memoryview, count: int) -> Iterator[_Entry]:
    """Read the directory's entries, which must fill it."""
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory):
            raise NotPlainError("a directory that is cut off")
        fields = _CENTRAL.unpack(directory[at : at + _CENTRAL.size])
        signature, _, _, flags, method, _, _, crc, packed, size, named, extra, comment, disk, _, _, offset = (
            fields
        )
        at += _CENTRAL.size
        name = _name(directory[at : at + named])
        more = directory[at + named : at + named + extra]
        at += named + extra + comment
        if signature != b"PK\1\2" or comment or disk or at > len(directory):
            raise NotPlainError("a directory of an unusual form")
        if flags & ~_FLAGS or method:
            raise NotPlainError(f"the entry {name} compressed or encrypted")
        size, packed, offset = _large_numbers(more, size, packed, offset)
        if size != packed:
            raise NotPlainError(f"the entry {name} with two sizes")
        yield _Entry(name, flags, crc, size, offset)
    if at != len(directory):
        raise NotPlainError("a directory with more in it than it says")


def _large_numbers(extra: memoryview, *numbers: int) -> list[int]:
    """Take numbers that don't fit into 32 bits from the extra field, in the order in which they are given."""
    large = b""
    while len(extra) >= 4:
        kind, length = struct.unpack("<2H", extra[:4])
        if kind == 1:
            if large or length + 4 > len(extra):
                raise NotPlainError("a size that is given twice")
            large = bytes(extra[4 : 4 + length])
        extra = extra[4 + length :]
    found = []
    for number in numbers:
        if number == _LARGE:
            if len(large) < 8:
                raise NotPlainError("an entry without its size")
            (number,), large = struct.unpack("<Q", large[:8]), large[8:]
        found.append(number)
    return found


def _name(name: memoryview) -> str:
    """Return an entry's name if it is a plain relative path."""
    text = bytes(name).decode("ascii", "replace")
    plain = text.isascii() and text.isprintable() and "\\" not in text
    if not plain or any(part in ("", "..") for part in text.split("/")):
        raise NotPlainError(f"an entry of the name {text[:80]!r}")
    return text


def _body(data: memoryview, entry: _Entry) -> int:
    """Return where an entry's content begins, if the header before it agrees with the directory."""
    header = data[entry.offset : entry.offset + _LOCAL.size]
    if len(header) < _LOCAL.size:
        raise NotPlainError(f"the entry {entry.name} outside the file")
    signature, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack(header)
    start = entry.offset + _LOCAL.size
    name = bytes(data[start : start + named])
    later = bool(flags & 8)  # checksum and sizes may be left to what follows the data
    same = name == entry.name.encode() and flags == entry.flags and method == 0 and signature == b"PK\3\4"
    if not same or (crc, later) not in ((entry.crc, later), (0, True)):
        raise NotPlainError(f"two headers of the entry {entry.name} that disagree")
    for number in (packed, size):
        if number not in (entry.size, _LARGE) and not (later and number == 0):
            raise NotPlainError(f"two headers of the entry {entry.name} that disagree")
    start += int(named) + int(extra)
    if start + entry.size > len(data):
        raise NotPlainError(f"the entry {entry.name} outside the file")
    return start
