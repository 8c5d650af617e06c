"""Data in an object store: a path that reads what lies there, by the methods by which files are read.

Only what a user names becomes one; what a row of a table names is never more than a name below it.
"""

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PosixPath
from typing import Any, NamedTuple

from outvoted.actors.runs.object_stores import URL, bucket_and_prefix, filesystem, refused
from outvoted.search.errors import OutvotedError

_AHEAD = 1 << 18
"""Bytes that are fetched together where a reader asks for few."""
_GONE = re.compile(r"NO_SUCH_KEY|RESOURCE_NOT_FOUND|HTTP status 404")
_ELSEWHERE = ("http", "https", "ftp", "hf", "az", "abfs", "abfss", "hdfs", "file")


class Child(NamedTuple):
    """What lies in a folder: its name; of an object the size in bytes, and when it was written, in ns."""

    name: str
    folder: bool
    size: int
    at: int


class StorePath(PosixPath):
    """A place in an object store; folders are what names have in common up to a slash.

    Each process opens the store for itself, with the credentials of its environment. Methods raise
    ``FileNotFoundError`` as those of files do, and ``StoreRefusedError`` where the store refuses.
    """

    def __str__(self) -> str:
        """Return the URL; of a part of one that part."""
        first, *rest = self.parts or ("",)
        return "/".join([f"{first}/" if first.endswith(":") else first, *rest])

    def absolute(self) -> "StorePath":
        """Return it as it is."""
        return self

    def resolve(self, strict: bool = False) -> "StorePath":
        """Return it without ``..``; there are no links."""
        if any("\0" in part for part in self.parts):
            raise ValueError("a name with a zero byte")
        return type(self)(os.path.normpath("/".join(self.parts)))

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return its size, and whether it is a folder."""
        found = self._info()
        kind = stat.S_IFDIR if _is_folder(found) else stat.S_IFREG
        return os.stat_result((kind, 0, 0, 1, 0, 0, found.size or 0, 0, 0, 0))

    def exists(self, **_: Any) -> bool:
        """Return whether anything is there."""
        return self._there() is not None

    def is_dir(self, **_: Any) -> bool:
        """Return whether it is the beginning of an object's name."""
        found = self._there()
        return found is not None and _is_folder(found)

    def is_file(self, **_: Any) -> bool:
        """Return whether it is an object."""
        found = self._there()
        return found is not None and not _is_folder(found)

    def children(self) -> Iterator[Child]:
        """Give what lies in a folder, in no order, but what no file could be called."""
        import pyarrow.fs as pa_fs

        selector = pa_fs.FileSelector(self._key, recursive=False)
        with self._asked():
            found = self._files.get_file_info(selector)
        for one in found:  # objects that end in a slash come up as folders in themselves
            name = one.base_name
            if name and name not in (".", "..") and "\0" not in name and one.path == f"{self._key}/{name}":
                yield Child(name, _is_folder(one), int(one.size or 0), int(one.mtime_ns or 0))

    def iterdir(self) -> "Iterator[StorePath]":  # type: ignore[override]  # a generator in Python's library
        """Give what lies in a folder."""
        return (self / child.name for child in self.children())

    def open(self, mode: str = "r", buffering: int = -1, *text: Any, **options: Any) -> Any:
        """Open an object to read it, by ranges; ``buffering`` 0: each range that is asked for is fetched."""
        ranges = ObjectFile(self)
        if buffering == 0:
            return ranges
        found = io.BufferedReader(ranges, _AHEAD)
        return found if "b" in mode else io.TextIOWrapper(found, *text, **options)

    def opened(self) -> Any:
        """Return pyarrow's file of an object."""
        with self._asked():
            return self._files.open_input_file(self._key)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if _GONE.search(str(error)):
                raise FileNotFoundError(2, "no such object any more", str(self)) from error
            raise refused(str(self), error) from error

    def _info(self) -> Any:
        with self._asked():
            found = self._files.get_file_info(self._key)
        if found.type == _none():
            raise FileNotFoundError(2, "No such file or directory", str(self))
        return found

    def _there(self) -> Any | None:
        try:
            return self._info()
        except FileNotFoundError:
            return None

    @property
    def _key(self) -> str:
        return "/".join(self.parts[1:])

    @property
    def _files(self) -> Any:
        if len(self.parts) < 2:
            raise FileNotFoundError(2, "no bucket", str(self))
        return filesystem(self.parts[0].removesuffix(":"), self.parts[1])


class ObjectFile(io.RawIOBase):
    """An object of which ranges are fetched, each by a request; several threads may ask at a time."""

    def __init__(self, path: StorePath) -> None:
        """Open it.

        Raises:
            FileNotFoundError: there is none.
        """
        self._path, self._file, self._place = path, path.opened(), 0
        self.size = int(self._file.size())

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        if begin + offset < 0:
            raise ValueError("a place before the beginning")
        self._place = begin + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read on into a buffer."""
        found = self.part(self._place, len(buffer))
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def part(self, begin: int, size: int) -> bytes:
        """Return up to ``size`` bytes from a place on."""
        size = min(size, self.size - begin)
        if size <= 0:
            return b""
        with self._path._asked():
            return bytes(self._file.read_at(size, begin))

    def close(self) -> None:
        """Let go of it."""
        if not self.closed:
            self._file.close()
        super().close()


def part_of(file: Any, begin: int, size: int) -> bytes:
    """Return up to ``size`` bytes of a file that was opened without a buffer, whoever else reads it."""
    return file.part(begin, size) if isinstance(file, ObjectFile) else os.pread(file.fileno(), size, begin)


def readable(path: Path) -> Any:
    """Return what libraries read a file from: its path, or an object that is opened."""
    return path.open("rb") if isinstance(path, StorePath) else path


def placed(path: Path) -> Path:
    """Return where data are that a user names: in an object store, or on this machine.

    Raises:
        OutvotedError: it is a URL of another kind, or no place in a store.
    """
    if isinstance(path, StorePath):
        return path
    found, url = bucket_and_prefix(str(path)), URL.fullmatch(str(path))
    if found is not None:
        return StorePath(f"{found[0]}:", *found[1])
    if url is not None and url[1].lower() in _ELSEWHERE:
        raise OutvotedError(
            expected="a file or folder of data, or its URL in an object store, s3://… or gs://…",
            found=f"{url[1]}://…",
            remedy="mount other stores as a folder, or copy what is there",
        )
    return path


def _is_folder(found: Any) -> bool:
    import pyarrow.fs as pa_fs

    return bool(found.type == pa_fs.FileType.Directory)


def _none() -> Any:
    import pyarrow.fs as pa_fs

    return pa_fs.FileType.NotFound
