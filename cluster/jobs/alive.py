"""Whether a process is working on a run: a lock on this machine, a heartbeat for all others."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO

from outvoted.actors.runs.files import unwritable
from outvoted.search.errors import OutvotedError

FILE = ".running"
_SIGN_SECONDS = 10.0
_SILENT_SECONDS = 90.0  # after which another machine's process counts as dead; clocks may differ a little
_TRIES = 10


@dataclass(frozen=True)
class Worker:
    """The process that is working on a run."""

    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


def worker(run: Path) -> Worker | None:
    """Return the process working on a run; None where there is none, or it has died."""
    try:
        file = os.fdopen(os.open(run / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return None
    with file:
        found = _read(file)
        if _locked(file):
            return found
        silent = abs(time.time() - os.fstat(file.fileno()).st_mtime)
    return found if found.host != socket.gethostname() and silent < _SILENT_SECONDS else None


def check_alone(run: Path) -> None:
    """Refuse to resume a run that another process is working on.

    Raises:
        OutvotedError: it says who, and since when.
    """
    found = worker(run)
    if found is not None:
        raise _busy(run, found)


@contextmanager
def at_work(run: Path) -> Iterator[None]:
    """Be the only process working on a run within the block, and show others that this process lives.

    Raises:
        OutvotedError: another process is working on it, or the disk refuses.
    """
    check_alone(run)
    path = run / FILE
    try:
        run.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), "r+b")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        _lock(run, file)
        _write(path, file)
        ended = Event()
        signs = Thread(target=_show_life, args=(path, ended), daemon=True)
        signs.start()
        try:
            yield
        finally:
            ended.set()
            with suppress(OSError):
                path.unlink()


def _lock(run: Path, file: IO[bytes]) -> None:
    for _ in range(_TRIES):  # listing runs holds it for a moment
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:
            return  # a file system without locks; the sign of life is all there is
        else:
            return
    raise _busy(run, _read(file))


def _locked(file: IO[bytes]) -> bool:
    """Return whether a process on this machine holds the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _write(path: Path, file: IO[bytes]) -> None:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    values = {"host": socket.gethostname(), "pid": os.getpid(), "since": since}
    try:
        file.truncate(0)
        file.write(json.dumps(values).encode())
        file.flush()
    except OSError as error:
        raise unwritable(path, error) from error


def _read(file: IO[bytes]) -> Worker:
    """Return who wrote a sign of life; a damaged one is taken for this machine's, where the lock decides."""
    try:
        values = json.loads(file.read(4096))
        return Worker(str(values["host"]), int(values["pid"]), str(values["since"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Worker(socket.gethostname(), 0, "an unknown time")


def _show_life(path: Path, ended: Event) -> None:
    while not ended.wait(_SIGN_SECONDS):
        with suppress(OSError):
            os.utime(path)


def _busy(run: Path, who: Worker) -> OutvotedError:
    return OutvotedError(
        expected=f"to be the only process working on {run}",
        found=str(who),
        remedy="wait for it or stop it, or start a new run under another --name",
    )
