"""Writing files so that a reader sees all of one or nothing of it; links are never written through."""

import errno
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from outvoted.actors.runs.fence import check_owned
from outvoted.search.errors import OutvotedError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system calls a full disk, and a full share of one."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a hidden file beside ``path``, then rename it to ``path``.

    Where either is a link, the link is replaced, never followed; so is a second name of another file. The
    time of a file tells the order in which files were written, to the nanosecond. Nothing is left of a file
    that could not be written, least of all on a full disk.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses; or the run belongs to another
            process now.
    """
    check_owned(path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        write(partial)
        now = time.time_ns()
        os.utime(partial, ns=(now, now))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def enter(hidden: Path, path: Path) -> None:
    """Rename a whole file to ``path``, unless that was done before; its time is then that of entering.

    Raises:
        OutvotedError: it is not there, the system refuses, or the run belongs to another process now.
    """
    check_owned(path)
    try:
        now = time.time_ns()
        os.utime(hidden, ns=(now, now))
        hidden.replace(path)
    except FileNotFoundError as error:
        if not path.is_file():
            raise OutvotedError(
                expected=f"the rows that were written for {path}",
                found=f"no {hidden.name} there any more",
                remedy="leave hidden files in the folders of runs that go on; continue with --resume",
            ) from error
    except OSError as error:
        raise unwritable(path, error) from error


def link(path: Path, other: Path) -> bool:
    """Make ``path`` a second name of a file, on the same file system; return whether that could be done.

    Neither name is ever written to, only replaced (:func:`write_atomically`), so each can be deleted, or be
    another file later, without the other.

    Raises:
        OutvotedError: the run that ``path`` lies in belongs to another process now.
    """
    check_owned(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.link(other, path, follow_symlinks=False)
    except OSError:  # another file system, one without links, or no room for more of them
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        OutvotedError: the system refuses, or the run belongs to another process now.
    """
    check_owned(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutvotedError(f"to remove {path}", reason(error), "allow it, then --resume") from error


def settle(folder: Path) -> None:
    """Have the disk keep what was renamed in a folder, before what it stands for is removed elsewhere."""
    with suppress(OSError):  # some file systems know no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, values: Any) -> None:
    """Write plain values and dataclasses as JSON, indented.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses.
    """
    text = json.dumps(values, indent=2, default=asdict) + "\n"
    write_atomically(path, lambda partial: partial.write_text(text, "utf-8"))


def unwritable(path: Path, error: OSError) -> OutvotedError:
    """Say that the disk refuses, and what to do."""
    found = error.strerror or str(error)
    if error.errno in FULL:
        return OutvotedError(
            expected=f"room on the disk for {path}",
            found=f"the disk is full ({found})",
            remedy="free space there, then continue with --resume; nothing recorded is lost",
        )
    return OutvotedError(
        expected=f"to write {path}",
        found=found,
        remedy="free space, or choose another folder with --runs; --resume continues a run that had started",
    )


def reason(error: BaseException) -> str:
    """Return why a file could not be read, in a line; the system's own words where it refused."""
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return next(iter(str(error).splitlines()), type(error).__name__)


def plain_name(name: str) -> str:
    """Return a name that was read from a file, if it can be that of a file in a folder, and no path.

    Raises:
        ValueError: it can't.
    """
    if (
        name in ("", ".", "..")
        or not name.isprintable()
        or set(name) & set("/\\")
        or len(name.encode()) > 200
    ):
        raise ValueError(f"the name {name[:200]!r}, which is not a plain one")
    return name


def refuse_link(path: Path) -> Path:
    """Return the path of a file or a folder that is to be read or written, if it is no link.

    Raises:
        OutvotedError: it is a link; the message says where it leads.
    """
    if path.is_symlink():
        raise OutvotedError(
            expected="no links in a run's folder, through which other files would be read or written",
            found=f"{path}, which leads to {path.readlink()}",
            remedy="delete it; if it is yours, put what it leads to in its place (as cp -rL does)",
        )
    return path


def refuse_links(folder: Path) -> None:
    """Refuse a folder that holds links, or anything else but files and folders, at any depth.

    The folder itself may be reached by a link.

    Raises:
        OutvotedError: it names the first one.
    """
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    _refuse(Path(entry.path))


def _refuse(path: Path) -> None:
    refuse_link(path)
    raise OutvotedError(
        expected="nothing but files and folders in a run's folder",
        found=f"{path}, a pipe, socket or device",
        remedy="delete it",
    )
