"""ZIP archives that two parsers read differently, and others that no honest program writes."""

import struct
import zlib
from collections.abc import Callable, Sequence

Entries = Sequence[tuple[str, bytes]]
Build = Callable[[Entries, Entries], bytes]
"""Makes an archive of honest entries and evil ones that have the same names."""

END = "<4s4H2LH"


def local(name: bytes, data: bytes, **other: int) -> bytes:
    """One entry's header and content; ``other`` overrides flags, method, checksum or sizes."""
    method, flags = other.get("method", 0), other.get("flags", 0)
    crc, size = other.get("crc", zlib.crc32(data)), other.get("size", len(data))
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 33, crc, size, size, len(name), 0)
    return header + name + data


def central(name: bytes, data: bytes, offset: int, comment: bytes = b"", **other: int) -> bytes:
    """One entry of the directory."""
    method, flags = other.get("method", 0), other.get("flags", 0)
    crc, size = other.get("crc", zlib.crc32(data)), other.get("size", len(data))
    lengths = (len(name), 0, len(comment), 0, 0, 0, offset)
    head = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, flags, method, 0, 33, crc, size, size, *lengths)
    return head + name + comment


def end(count: int, size: int, start: int, comment: bytes = b"") -> bytes:
    return struct.pack(END, b"PK\5\6", 0, 0, count, count, size, start, len(comment)) + comment


def plain(entries: Entries, base: int = 0, **other: int) -> bytes:
    """An archive of the plainest form, or with one thing changed in all its entries."""
    body, directory = parts(entries, base, **other)
    return body + directory + end(len(entries), len(directory), base + len(body))


def parts(entries: Entries, base: int = 0, **other: int) -> tuple[bytes, bytes]:
    """The entries one after the other, and the directory that lists them."""
    body, directory = b"", b""
    for name, data in entries:
        directory += central(name.encode(), data, base + len(body), b"", **other)
        body += local(name.encode(), data, **other)
    return body, directory


def two_directories(honest: Entries, evil: Entries) -> bytes:
    """Its end names one directory by place, and another by its length before the end."""
    root = evil[0][0].partition("/")[0]
    filler = (f"{root}/extra/filler", b"\0" * (4096 + sum(len(data) + 200 for _, data in honest)))
    evil_body, evil_directory = parts([evil[0], filler, *evil[1:]])
    honest_length = len(parts(honest)[0])
    shift = len(evil_body) + len(evil_directory) - (len(evil_directory) + honest_length)
    body, directory = parts(honest, shift)
    missing = len(evil_directory) - len(directory)
    last, data = honest[-1]
    at = shift + len(body) - len(local(last.encode(), data))
    directory = directory[: -len(central(last.encode(), data, at))]
    directory += central(last.encode(), data, at, comment=b" " * missing)
    tail = end(len(honest), len(directory), len(evil_body))
    return evil_body + evil_directory + body + directory + tail


def two_ends(honest: Entries, evil: Entries) -> bytes:
    """The comment of one archive is another."""
    body, directory = parts(honest)
    inner = plain(evil, base=len(body) + len(directory) + 22)
    return body + directory + end(len(honest), len(directory), len(body), inner)


def large_end(honest: Entries, evil: Entries) -> bytes:
    """The usual end and that of large archives name different directories."""
    body, directory = parts(honest)
    evil_body, evil_directory = parts(evil, len(body) + len(directory))
    start = len(body) + len(directory) + len(evil_body)
    at = start + len(evil_directory)
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 20, 20, 0, 0, len(evil), len(evil), len(evil_directory), start
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    whole = body + directory + evil_body + evil_directory + record + locator
    return whole + end(len(honest), len(directory), len(body))


def twice(change: Callable[[str], str]) -> Build:
    """Every entry is there a second time, under a name that another parser takes for the same."""
    return lambda honest, evil: plain([*honest, *((change(name), data) for name, data in evil)])


def renamed_in_front(honest: Entries, evil: Entries) -> bytes:
    """The headers before the data name other entries than the directory."""
    body = b"".join(local(name.encode()[::-1], data) for name, data in honest)
    _, directory = parts(honest)
    return body + directory + end(len(honest), len(directory), len(body))


def moved(honest: Entries, evil: Entries) -> bytes:
    """Two entries of the directory share the bytes of one."""
    body, directory = parts(honest)
    directory += central(b"program/extra/more", honest[0][1], 0)
    return body + directory + end(len(honest) + 1, len(directory), len(body))


def counted(count: int) -> Build:
    """The end says another number of entries."""

    def build(honest: Entries, evil: Entries) -> bytes:
        body, directory = parts(honest)
        return body + directory + end(count, len(directory), len(body))

    return build


def deflated(honest: Entries, evil: Entries) -> bytes:
    """An entry of a kilobyte that becomes a mebibyte."""
    body, directory = parts(honest)
    data = zlib.compress(b"\0" * 2**20)[2:-4]
    name, numbers = b"program/extra/large", struct.pack("<3L", zlib.crc32(b"\0" * 2**20), len(data), 2**20)
    head = struct.pack("<5H", 20, 0, 8, 0, 33) + numbers
    entry = b"PK\3\4" + head + struct.pack("<2H", len(name), 0) + name + data
    directory += b"PK\1\2" + struct.pack("<H", 20) + head
    directory += struct.pack("<5H2L", len(name), 0, 0, 0, 0, 0, len(body)) + name
    body += entry
    return body + directory + end(len(honest) + 1, len(directory), len(body))


READ_DIFFERENTLY: dict[str, Build] = {
    "two directories": two_directories,
    "two ends": two_ends,
    "an end of large archives that disagrees": large_end,
    "something before it": lambda honest, evil: plain(evil) + plain(honest),
    "something before it that is counted": lambda honest, evil: (
        plain(evil)
        + plain(honest, base=len(plain(evil)))[:-22]
        + end(len(honest), len(parts(honest)[1]), len(parts(honest)[0]))
    ),
    "something after it": lambda honest, evil: plain(honest) + b"\0",
    "a comment": lambda honest, evil: plain(honest)[:-2] + b"\1\0 ",
    "names twice": twice(str),
    "names in capitals": twice(str.upper),
    "names with a NUL": twice(lambda name: name + "\0"),
    "names with backslashes": twice(lambda name: name.replace("/", "\\")),
    "names with a detour": twice(lambda name: name.replace("/", "/./../", 1)),
    "absolute names": twice(lambda name: "/" + name),
    "names beyond ASCII": twice(lambda name: name + "é"),
    "other names before the data": renamed_in_front,
    "one entry's bytes for two": moved,
    "compressed": deflated,
    "said to be compressed": lambda honest, evil: plain(honest, method=8),
    "said to be encrypted": lambda honest, evil: plain(honest, flags=1),
    "a wrong checksum": lambda honest, evil: plain(honest, crc=1),
    "sizes beyond the file": lambda honest, evil: plain(honest, size=10**9),
    "sizes that are in no field": lambda honest, evil: plain(honest, size=2**32 - 1),
    "fewer entries than there are": counted(1),
    "more entries than there are": counted(1000),
    "cut off": lambda honest, evil: plain(honest)[:-30],
    "nothing": lambda honest, evil: b"",
    "an end alone": lambda honest, evil: end(0, 0, 0),
}
