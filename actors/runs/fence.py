"""Whose a run is: who lost it to another process, or has to stop, writes nothing more into its folder."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outvoted.search.errors import OutvotedError

FILE = ".running"
"""Says in a run's folder which process is working on the run."""
_SIZE = 1024  # always of this size, so that it is replaced in one piece


@dataclass(frozen=True)
class Guard:
    """Keeps processes from writing into a run's folder that is no longer their owner's.

    Attributes:
        folder: the run's, absolute.
        owner: who started these processes, as its sign of life says.
    """

    folder: Path
    owner: str

    def resolved(self) -> "Guard":
        """Return it for a process that sees the folder by its real path."""
        return Guard(self.folder.resolve(), self.owner)

    def keeps(self, path: Path) -> bool:
        """Return whether a path lies in the folder."""
        return path.absolute().is_relative_to(self.folder)

    def check(self) -> None:
        """Refuse to go on for an owner who lost the run, or has to stop.

        Raises:
            OutvotedError: it says who works on the run, or why it has to stop.
        """
        try:
            found = read(self.folder)
        except FileNotFoundError:
            raise taken_over(self.folder, {}) from None
        if found and found.get("owner") != self.owner:
            raise taken_over(self.folder, found)
        stopped = found.get("stopped")
        if isinstance(stopped, list) and len(stopped) == 3:
            expected, why, remedy = map(str, stopped)
            raise OutvotedError(expected, why, remedy)


_guards: set[Guard] = set()  # of this process


def guard(one: Guard | None) -> None:
    """Have this process ask before it writes into a run's folder; None: it need not."""
    if one is not None:
        _guards.add(one)


def unguard(one: Guard) -> None:
    """Have this process no longer ask."""
    _guards.discard(one)


def guard_of(path: Path) -> Guard | None:
    """Return what this process asks before it writes to a path; None where it need not."""
    return next((one for one in _guards if one.keeps(path)), None)


def check_owned(path: Path) -> None:
    """Refuse to write a file of a run that has another owner now, or that has to stop.

    Raises:
        OutvotedError: it says who works on the run, or why it has to stop.
    """
    for one in tuple(_guards):
        if one.keeps(path):
            one.check()


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
