"""Whose a run is: who lost it to another process, or has to stop, writes nothing more into its folder."""

import json
import os
import time
from pathlib import Path
from typing import Any

from outvoted.search.errors import OutvotedError

FILE = ".running"
"""Says in a run's folder which process is working on the run."""
_SIZE = 1024  # always of this size, so that it is replaced in one piece
_own: dict[str, str] = {}  # folders that this process may write into as long as they name this owner


def keep_out_others(folder: Path, owner: str | None) -> None:
    """Have this process write below a folder only as long as the run there belongs to an owner.

    Args:
        folder: the run's.
        owner: who started this process, see :func:`owner_of`; None to write without looking.
    """
    if owner is None:
        _own.pop(str(folder.absolute()), None)
    else:
        _own[str(folder.absolute())] = owner


def owner_of(folder: Path) -> str | None:
    """Return the owner for whom this process writes below a folder; None where it doesn't matter."""
    return _own.get(str(folder.absolute()))


def check_owned(path: Path) -> None:
    """Refuse to write a file of a run that has another owner now, or that has to stop.

    Raises:
        OutvotedError: it says who works on the run, or why it has to stop.
    """
    for folder, owner in _own.items():
        if str(path.absolute()).startswith(f"{folder}{os.sep}"):
            _check(Path(folder), owner)


def _check(folder: Path, owner: str) -> None:
    try:
        found = read(folder)
    except FileNotFoundError:
        raise taken_over(folder, {}) from None
    if found and found.get("owner") != owner:
        raise taken_over(folder, found)
    stopped = found.get("stopped")
    if isinstance(stopped, list) and len(stopped) == 3:
        raise OutvotedError(*map(str, stopped))


def taken_over(folder: Path, by: dict[str, Any]) -> OutvotedError:
    """Say that another process works on a run now, or has done so; ``by`` is its sign, if it is there."""
    who = f"{described(by)}, which took the run over" if by else f"no sign of this process in {FILE} any more"
    return OutvotedError(
        expected=f"to be the only process working on {folder}",
        found=f"{who}; this process writes nothing more",
        remedy="leave the run to whoever works on it, or continue with --resume once nobody does",
    )


def described(owner: dict[str, Any]) -> str:
    """Name the process that works on a run."""
    host, pid, since = (str(owner.get(key, "?"))[:100] for key in ("host", "pid", "since"))
    return f"process {pid} on {host}, since {since}"


def read(folder: Path) -> dict[str, Any]:
    """Return what a run's folder says of its owner; nothing where that can't be read.

    Raises:
        FileNotFoundError: it says nothing.
    """
    for _ in range(2):
        try:
            descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise
        except OSError:
            return {}
        try:
            return parsed(os.read(descriptor, 4 * _SIZE))
        except (OSError, ValueError):
            time.sleep(0.01)  # a file system may show a part of what is being written
        finally:
            os.close(descriptor)
    return {}


def parsed(data: bytes) -> dict[str, Any]:
    """Read what :func:`written` makes.

    Raises:
        ValueError: it is something else.
    """
    try:
        values = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("no mapping")
    return values


def written(values: dict[str, Any]) -> bytes:
    """Return what a sign of life holds, always of the same size."""
    return json.dumps(values).encode()[: 2 * _SIZE].ljust(_SIZE)
