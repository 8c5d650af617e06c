"""Whether a process is working on a run: a lock on this machine, a sign of life for all others."""

import fcntl
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from outvoted.actors.runs import fence
from outvoted.actors.runs.fence import FILE, Guard, guard, unguard
from outvoted.actors.runs.files import unwritable
from outvoted.search.errors import OutvotedError

SIGN_SECONDS = 10.0
"""Between two signs of life."""
DEAD_SECONDS = 30.0
"""Who gives no sign for so long is taken to be dead by whoever wants to go on with the run."""
SILENT_SECONDS = 90.0
"""After which that needs no watching; clocks may differ a little."""
_LOOK_SECONDS = 1.0
_TRIES = 10
_watched: set[object] = set()  # signs of life of processes that are dead


@dataclass(frozen=True)
class Worker:
    """The process that is working on a run."""

    host: str
    pid: int
    since: str

    @classmethod
    def of(cls, sign: dict[str, Any]) -> "Worker":
        """Read a sign of life; a damaged one is taken for this machine's, where the lock decides."""
        try:
            return cls(str(sign["host"]), int(sign["pid"]), str(sign["since"]))
        except (KeyError, ValueError, TypeError):
            return cls(socket.gethostname(), 0, "an unknown time")

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


def worker(run: Path) -> Worker | None:
    """Return the process working on a run; None where there is none, or it has died."""
    try:
        file = os.fdopen(os.open(run / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return None
    with file:
        found = Worker.of(_read(file))
        if _locked(file):
            return found
        silent = abs(time.time() - os.fstat(file.fileno()).st_mtime)
    return found if found.host != socket.gethostname() and silent < SILENT_SECONDS else None


def check_alone(run: Path) -> None:
    """Refuse to resume a run that another process is working on.

    One on another machine that may have died is watched for a while: those who live give signs of it.

    Raises:
        OutvotedError: it says who, and since when.
    """
    found = worker(run)
    if found is None:
        return
    if found.host == socket.gethostname() or not _falls_silent(run):
        raise busy(run, found)


def may_live(run: Path) -> Worker | None:
    """Return a process on another machine of which only watching will tell whether it is at work on a run."""
    found = worker(run)
    return None if found is None or found.host == socket.gethostname() else found


def _falls_silent(run: Path) -> bool:
    def sign() -> object:
        with suppress(OSError), (run / FILE).open("rb") as file:  # opening it asks a network's server
            return "locked" if _locked(file) else (os.fstat(file.fileno()).st_mtime_ns, file.read(4096))
        return None

    first = sign()
    return first is None or (first != "locked" and stays(sign, first))


def stays(look: Callable[[], object], first: object) -> bool:
    """Watch whether a sign stays the same for longer than a living process would let it.

    What was watched before and is still the same has been watched.
    """
    if first in _watched and look() == first:
        return True
    end = time.monotonic() + DEAD_SECONDS
    while time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
        if look() != first:
            return False
    _watched.add(first)
    return True


class Owner:
    """This process as the one working on a run.

    Attributes:
        lost: who works on the run now, if this process was taken for dead.
    """

    def __init__(self, run: Path, file: IO[bytes]) -> None:
        """Take the run's folder, and the opened file of its sign of life."""
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self.lost: OutvotedError | None = None
        self.sign: dict[str, Any] = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": since,
            "owner": secrets.token_hex(8),
        }
        self._run, self._file = run, file
        self._guard = Guard(run.absolute(), self.sign["owner"])

    def show(self) -> None:
        """Write the sign of life.

        Raises:
            OSError: the disk refuses.
        """
        os.pwrite(self._file.fileno(), fence.written(self.sign), 0)
        os.ftruncate(self._file.fileno(), len(fence.written(self.sign)))

    def live(self) -> None:
        """Give a sign of life, unless another process has taken the run over."""
        try:
            found = fence.read(self._run)
        except FileNotFoundError:
            self.lost = self.lost or fence.taken_over(self._run, {})
            return
        if found and not self.is_mine(found):
            self.lost = self.lost or fence.taken_over(self._run, found)
            return
        with suppress(OSError):
            os.utime(self._file.fileno())

    def is_mine(self, sign: dict[str, Any]) -> bool:
        """Return whether a sign of life is this process's."""
        return bool(sign.get("owner") == self.sign["owner"])

    def close(self) -> None:
        """Have this process look before it writes."""
        guard(self._guard)

    def open(self) -> None:
        """Let this process write what is to be said at the end, though it was stopped."""
        unguard(self._guard)

    def stop(self, reason: OutvotedError, *, lost: bool = False) -> None:
        """Have every process refuse to write more of the run, for a reason."""
        self.lost = reason if lost else self.lost
        self.sign["stopped"] = [reason.expected, reason.found, reason.remedy]
        with suppress(OSError):
            self.show()


@contextmanager
def at_work(run: Path) -> Iterator[Owner]:
    """Be the only process working on a run within the block, and show others that this process lives.

    Raises:
        OutvotedError: another process is working on it, or the disk refuses.
    """
    check_alone(run)
    path = run / FILE
    with _locked_file(run) as file:
        owner = Owner(run, file)
        try:
            owner.show()
        except OSError as error:
            raise unwritable(path, error) from error
        ended = Event()
        Thread(target=_show_life, args=(owner, ended), daemon=True).start()
        owner.close()
        try:
            yield owner
        finally:
            ended.set()
            owner.open()
            with suppress(OSError):
                if owner.is_mine(fence.read(run)):
                    path.unlink()


def _locked_file(run: Path) -> IO[bytes]:
    """Open the sign of life of a run, locked; none that was removed while it was being opened."""
    path = run / FILE
    while True:
        try:
            run.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), "r+b")
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            _lock(run, file)
            with suppress(FileNotFoundError):
                if path.stat(follow_symlinks=False).st_ino == os.fstat(file.fileno()).st_ino:
                    return file
        except BaseException:
            file.close()
            raise
        file.close()


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
    raise busy(run, Worker.of(_read(file)))


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


def _read(file: IO[bytes]) -> dict[str, Any]:
    try:
        return fence.parsed(file.read(4096))
    except (OSError, ValueError):
        return {}


def _show_life(owner: Owner, ended: Event) -> None:
    while not ended.wait(SIGN_SECONDS):
        owner.live()


def busy(run: Path, who: Worker) -> OutvotedError:
    """Say that another process is working on a run."""
    return OutvotedError(
        expected=f"to be the only process working on {run}",
        found=str(who),
        remedy="wait for it or stop it, or start a new run under another --name",
    )
