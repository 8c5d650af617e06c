"""An object store by its URL: what is there, and whole objects put, fetched and removed."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pa_fs

from outvoted.actors.runs.files import plain_name, unwritable
from outvoted.actors.runs.object_stores import filesystem, refused
from outvoted.search.errors import OutvotedError

_PIECE = 1 << 23


class Stored(NamedTuple):
    """An object: its size in bytes, and when it was written, in ns by the store's clock."""

    size: int
    at: int


class Store:
    """The objects whose names begin with a prefix; an object is there whole or not at all."""

    def __init__(self, files: Any, base: str, url: str) -> None:
        """Take a file system of pyarrow, the bucket with the prefix there, and how a user names both."""
        self._files, self._base, self.url = files, base, url

    def below(self, name: str) -> "Store":
        """Return the objects below a name."""
        return Store(self._files, f"{self._base}/{name}", f"{self.url}/{name}")

    def check(self) -> None:
        """Make sure that objects can be written, read and removed.

        Raises:
            OutvotedError: they can't; the bucket, the credentials or the endpoint are not right.
        """
        self.write(".checked", b"outvoted")
        self.read(".checked")
        self.remove(".checked")

    def children(self) -> list[str]:
        """Return what could be folders here, sorted.

        Raises:
            OutvotedError: the store refuses, or there is no such bucket.
        """
        found = self._listed(recursive=False)
        return sorted(_named(one.base_name) for one in found if one.type == pa_fs.FileType.Directory)

    def objects(self) -> dict[str, Stored]:
        """Return all objects at any depth by name, but hidden ones.

        Raises:
            OutvotedError: the store refuses, there is no such bucket, or a name could not be a file's.
        """
        found = {}
        for one in self._listed(recursive=True):
            if one.type == pa_fs.FileType.File:
                name = one.path[len(self._base) + 1 :]
                if not any(part.startswith(".") for part in name.split("/")):
                    found["/".join(map(_named, name.split("/")))] = _stored(one)
        return found

    def stat(self, names: Iterable[str]) -> dict[str, Stored]:
        """Return those of some objects that are there.

        Raises:
            OutvotedError: the store refuses.
        """
        wanted = list(names)
        with self._asked():
            every = self._files.get_file_info([f"{self._base}/{name}" for name in wanted])
        pairs = zip(wanted, every, strict=True)
        return {name: _stored(one) for name, one in pairs if one.type == pa_fs.FileType.File}

    def write(self, name: str, data: Any) -> None:
        """Put an object in the place of what is there; ``data`` is bytes, or what Arrow takes for them.

        Raises:
            OutvotedError: the store refuses.
        """
        with self._asked(), self._files.open_output_stream(f"{self._base}/{name}") as stream:
            stream.write(data)  # at once: what is closed after a part of it would be an object too

    def put(self, file: Path, name: str) -> None:
        """Put a file, as it is now.

        Raises:
            OutvotedError: the store refuses.
            FileNotFoundError: it was removed meanwhile.
        """
        size = file.stat().st_size
        if size < _PIECE:
            self.write(name, file.read_bytes())
        else:
            with pa.memory_map(str(file)) as mapped:
                self.write(name, mapped.read_buffer(size))

    def read(self, name: str) -> bytes | None:
        """Return what a small object holds; None where there is none.

        Raises:
            OutvotedError: the store refuses.
        """
        try:
            place = f"{self._base}/{name}"
            with self._asked(FileNotFoundError), self._files.open_input_stream(place) as stream:
                return bytes(stream.read(_PIECE))
        except FileNotFoundError:
            return None

    def get(self, name: str, file: Path) -> None:
        """Fetch an object into a file, which is there whole or not at all.

        Raises:
            OutvotedError: the store or the disk refuses.
            FileNotFoundError: there is no such object any more.
        """
        partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
        try:
            with self._asked(FileNotFoundError):
                source = self._files.open_input_stream(f"{self._base}/{name}")
            with source:
                file.parent.mkdir(parents=True, exist_ok=True)
                with partial.open("wb") as sink:
                    for piece in self._pieces(source):
                        sink.write(piece)
            partial.replace(file)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unwritable(file, error) from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there.

        Raises:
            OutvotedError: the store refuses.
        """
        with self._asked(), suppress(FileNotFoundError):
            self._files.delete_file(f"{self._base}/{name}")

    def _pieces(self, source: Any) -> Iterator[bytes]:
        while True:
            with self._asked():
                piece = source.read(_PIECE)
            if not piece:
                return
            yield piece

    def _listed(self, recursive: bool) -> list[Any]:
        with self._asked():
            selector = pa_fs.FileSelector(self._base, allow_not_found=True, recursive=recursive)
            found: list[Any] = self._files.get_file_info(selector)
        if not found:  # a missing bucket looks like an empty prefix
            self._check_bucket(self._base.partition("/")[0])
        return found

    def _check_bucket(self, name: str) -> None:
        with suppress(OSError):  # who may list below a prefix need not be allowed to ask for the bucket
            if self._files.get_file_info(name).type == pa_fs.FileType.NotFound:
                raise refused(self.url, OSError("AWS Error NO_SUCH_BUCKET: it does not exist"))

    @contextmanager
    def _asked(self, *expected: type[Exception]) -> Iterator[None]:
        """Say in a user's words what a store refuses; errors that are ``expected`` pass."""
        try:
            yield
        except OSError as error:
            if expected and isinstance(error, expected):
                raise
            raise refused(self.url, error) from error


def opened(url: str) -> Store:
    """Open an object store; credentials come from the environment, as the stores' own tools find them.

    Raises:
        OutvotedError: it cannot be opened, or pyarrow was built without it.
    """
    parts = urlsplit(url)
    files = filesystem(parts.scheme, parts.netloc)
    return Store(files, f"{parts.netloc}{parts.path.rstrip('/')}", url.rstrip("/"))


def _stored(info: Any) -> Stored:
    return Stored(int(info.size), int(info.mtime_ns or 0))


def _named(part: str) -> str:
    try:
        return plain_name(part)
    except ValueError as error:
        raise OutvotedError(
            expected="objects whose names could be those of a run's files",
            found=str(error),
            remedy="remove that object from the store",
        ) from error
