"""The members of a tar archive: where each lies in the file, found without unpacking anything.

Read strictly, as archives come from strangers: plain files alone count, nothing that an archive names is ever
opened, and what a header says is held against the file's size before it is believed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from outvoted.actors.data.files import unreadable

_BLOCK = 512
_MOST_NAME = 1 << 16
"""Bytes of an entry that says a long name, or other properties, of the member after it."""
_MOST_AFTER = 1 << 20
"""Bytes of zeros that fill an archive up."""
_PLAIN, _LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL, _FOLDER = b"\0", b"L", b"K", b"x", b"g", b"5"
_PLAIN_TOO = (_PLAIN, b"0", b"7")
_KINDS = {
    b"1": "a link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
}


@dataclass(frozen=True)
class TarMember:
    """A plain file in an archive: its name, and where its bytes lie."""

    name: str
    begin: int
    size: int


def tar_members(path: Path, file: IO[bytes]) -> Iterator[TarMember]:
    """Find the plain files in an archive that is opened, in order; folders are passed over.

    Raises:
        OutvotedError: it is no tar archive, is damaged or cut off, or holds anything else.
    """
    try:
        yield from _members(file, file.seek(0, os.SEEK_END))
    except (OSError, ValueError) as error:
        raise unreadable(path, "a whole tar archive of plain files, not compressed,", error) from error


def _members(file: IO[bytes], total: int) -> Iterator[TarMember]:
    place, name, size = 0, None, None
    while place < total:
        file.seek(place)
        head = file.read(_BLOCK)
        if len(head) < _BLOCK:
            raise ValueError(f"{len(head)} bytes where a header should be, at byte {place:,}")
        if not any(head):
            _check_end(file, place, total)
            return
        kind, said = head[156:157], _checked(head, place)
        begin = place + _BLOCK
        count = said if size is None or kind not in _PLAIN_TOO else size
        if begin + count > total:
            raise ValueError(f"a member of {count:,} bytes at byte {place:,} of {total:,}")
        place = begin + -(-count // _BLOCK) * _BLOCK
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL):
            text = _properties(file, count)
            name = text.rstrip(b"\0") if kind == _LONG_NAME else name
            if kind == _PAX:
                name, size = _pax(text, name)
            continue
        if kind in _PLAIN_TOO:
            yield TarMember(os.fsdecode(_name(head) if name is None else name), begin, count)
        elif kind != _FOLDER:
            raise ValueError(f"{_KINDS.get(kind, 'a member of an unknown kind')} at byte {begin - _BLOCK:,}")
        name, size = None, None
    raise ValueError("an archive that was cut off: blocks of zeros end one")


def _check_end(file: IO[bytes], place: int, total: int) -> None:
    """See to it that nothing but zeros follows: of archives that were joined, one alone would be read."""
    if total - place > _MOST_AFTER or any(file.read(total - place)):
        raise ValueError(f"more than zeros after its end at byte {place:,}, as where archives were joined")


def _checked(head: bytes, place: int) -> int:
    """Return the size that a header says, if its checksum is right."""
    try:
        right = sum(head) - sum(head[148:156]) + 8 * 32 == _number(head[148:156])
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"no tar header at byte {place:,}")
    return _number(head[124:136])


def _number(field: bytes) -> int:
    """Read an octal number, or, as GNU writes large ones, one in base 256."""
    if field[0] & 0x80:
        found = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] == 0xFF:
            raise ValueError("a negative size")
        return found
    text = field.strip(b" \0")
    if not text or not set(text) <= set(b"01234567"):
        raise ValueError(f"no octal number: {field!r}")
    return int(text, 8)


def _name(head: bytes) -> bytes:
    name, prefix = head[:100].split(b"\0")[0], head[345:500].split(b"\0")[0]
    return prefix + b"/" + name if head[257:263] == b"ustar\0" and prefix else name


def _properties(file: IO[bytes], count: int) -> bytes:
    if count > _MOST_NAME:
        raise ValueError(f"{count:,} bytes of names and properties of one member")
    return file.read(count)


def _pax(text: bytes, name: bytes | None) -> tuple[bytes | None, int | None]:
    """Read what a pax header says of the next member: lines of ``LENGTH KEY=VALUE``."""
    size = None
    while text:
        length, space, _ = text.partition(b" ")
        if not space or not length.isdigit() or not len(length) + 3 <= int(length) <= len(text):
            raise ValueError("a damaged pax header")
        key, _, value = text[len(length) + 1 : int(length) - 1].partition(b"=")
        name = value if key == b"path" else name
        if key == b"size":
            size = int(value) if value.isdigit() and len(value) < 20 else None
        if key.startswith(b"GNU.sparse"):
            raise ValueError("a sparse file")
        text = text[int(length) :]
    return name, size
