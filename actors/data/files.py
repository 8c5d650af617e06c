"""Which files are read: one rule for all data.

A user names a folder; links below it are followed, for that is how data are shared. What a row of a table or
a description names comes with the data, perhaps from a stranger: it must lie inside the folder.
"""

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from outvoted.actors.data.pictures import MOST_BYTES, UndecodableError
from outvoted.actors.data.store_path import StorePath, placed
from outvoted.actors.runs.files import reason
from outvoted.search.errors import OutvotedError, printable, suggestion


def expanded(path: Path) -> Path:
    """Put the user's home folder in place of a leading `~`, as a shell does; `~name` is that user's.

    Raises:
        ValueError: there is no such folder, or the path is no text in UTF-8, which is what runs record.
    """
    if printable(str(path)) != str(path):
        raise ValueError(f"{printable(str(path))}: a path of plain UTF-8, so rename it or link to it")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path}: there is no home folder of '{path.parts[0][1:]}'") from error


UserPath = Annotated[Path, AfterValidator(expanded)]
"""A path in a configuration; relative ones start at the folder in which outvoted is started."""


def _placed(path: Path) -> Path:
    try:
        return placed(path)
    except OutvotedError as error:
        raise ValueError(f"{error.found}: {error.expected}") from error


DataPath = Annotated[Path, AfterValidator(_placed), AfterValidator(expanded)]
"""The same, or a URL in an object store: ``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``."""


def lacking(kind: str, name: str, present: Collection[str], path: Path) -> OutvotedError:
    """Say that a file lacks an array, a column or a split, and name the nearest that it has."""
    remedy = suggestion(name, present) if present else "name another file or folder with data.path"
    return OutvotedError(
        expected=f"the {kind} '{name}' in {path}",
        found=", ".join(map(repr, sorted(present))) or "none",
        remedy=remedy,
    )


def unreadable(path: Path, what: str, error: object) -> OutvotedError:
    """Say that a file is not what it must be."""
    found = reason(error) if isinstance(error, OSError) else str(error)
    return OutvotedError(
        expected=f"{what} at {path}",
        found=" ".join(found.split())[:300] or type(error).__name__,
        remedy="correct the path, or create the file again",
    )


MOST_FOLDERS = 100_000
"""Below one folder; more are no layout of images but a mistake, say a root folder, or malice."""
_LEFT_BEHIND = frozenset(
    (
        "thumbs.db",
        "desktop.ini",
        "__macosx",
        "@eadir",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    )
)
"""What desktops and archives leave in folders, in small letters."""


def counts(name: str) -> bool:
    """Return whether a file or folder of this name counts: it is not hidden, nor left by a desktop."""
    return not name.startswith(".") and name.lower() not in _LEFT_BEHIND


def entries(folder: Path) -> list[Path]:
    """Return what counts in a folder, sorted by name.

    Raises:
        OutvotedError: it cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if counts(path.name))
    except OSError as error:
        raise unreadable(folder, "a folder that can be listed", error.strerror or error) from error


def listed(folder: Path) -> list[tuple[str, bool]]:
    """Return the name of each that counts in a folder, sorted, and whether it is a folder itself.

    Quick where there are many: the system tells both at once.

    Raises:
        OutvotedError: it cannot be listed.
    """
    try:
        if isinstance(folder, StorePath):
            return sorted((one.name, one.folder) for one in folder.children() if counts(one.name))
        with os.scandir(folder) as there:
            return sorted((one.name, _is_folder(one)) for one in there if counts(one.name))
    except OSError as error:
        raise unreadable(folder, "a folder that can be listed", error.strerror or error) from error


def folders(folder: Path) -> list[Path]:
    """Return the folders that count in a folder, sorted by name."""
    return [folder / name for name, inner in listed(folder) if inner]


def walked(root: Path) -> Iterator[Path]:
    """Give all files below a folder that count, in no order; links are followed, but never in circles.

    Raises:
        OutvotedError: a folder cannot be listed, or there are too many.
    """
    waiting, seen = [(root, frozenset[tuple[int, int]]())], 0
    while waiting:
        folder, above = waiting.pop()
        here = _identity(folder)
        if here in above:
            continue
        seen += 1
        if seen > MOST_FOLDERS:
            raise OutvotedError(
                expected=f"at most {MOST_FOLDERS:,} folders below {root}",
                found="more",
                remedy="name the folder that holds the images themselves",
            )
        for name, inner in listed(folder):
            if inner:
                waiting.append((folder / name, above | {here}))
            else:
                yield folder / name


def refuse_streams(path: Path, files: Iterable[Path] = ()) -> None:
    """Refuse a path to a pipe, socket or device, which are read without end, or to a folder with such files.

    Args:
        path: what a user names.
        files: those below it that would be read.

    Raises:
        OutvotedError: it names the first one.
    """
    for one in () if isinstance(path, StorePath) else (path, *files):
        try:
            mode = one.stat().st_mode
        except (OSError, ValueError):
            continue  # its reader says what is wrong
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise unreadable(one, "a plain file, or a folder of such,", "a pipe, socket or device")


def inside(root: Path, base: Path, name: str) -> Path:
    """Return the file that a row names, relative to ``base``; it lies in ``root``, links resolved.

    Raises:
        UndecodableError: it lies elsewhere, or no file can have this name.
    """
    try:
        found = (base / name).resolve()
        within = bool(name) and found.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, links in a circle
        within = False
    if not within:
        raise UndecodableError(f"'{printable(name)[:200]}' does not lie inside the folder {root}")
    return found


def content(path: Path) -> bytes:
    """Read an encoded picture.

    Raises:
        UndecodableError: there is none, it is not a plain file, or larger than pictures are.
    """
    try:
        if isinstance(path, StorePath):
            return _object(path)
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe, say, would be waited for without end
            folder = "a folder where a picture should be; move its pictures up"
            raise UndecodableError(folder if stat.S_ISDIR(found.st_mode) else "not a plain file")
        if found.st_size > MOST_BYTES:
            raise UndecodableError(f"{found.st_size:,} bytes; one picture may have at most {MOST_BYTES:,}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UndecodableError(getattr(error, "strerror", None) or str(error)) from error


def _object(path: StorePath) -> bytes:
    with path.open("rb", buffering=0) as file:
        if file.size > MOST_BYTES:
            raise UndecodableError(f"{file.size:,} bytes; one picture may have at most {MOST_BYTES:,}")
        return bytes(file.part(0, file.size))


def _is_folder(one: "os.DirEntry[str]") -> bool:
    try:
        return one.is_dir()
    except OSError:  # a link in a circle, say: its reader says what is wrong
        return False


def _identity(folder: Path) -> tuple[int, int]:
    if isinstance(folder, StorePath):  # no links, so no circles
        return hash(folder), 0
    found = os.stat(folder)  # noqa: PTH116  # quicker
    return found.st_dev, found.st_ino
