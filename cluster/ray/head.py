"""Whether the head of the cluster answers: a run that loses it for good says so, and ends by itself.

Ray ends a process that has been without the head for a minute: at once, with exit code 1, without a word. It
does so too, within 15 s, where Ray's process on this machine has ended and the command has been detached.
"""

import ctypes
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Event, Lock, Thread, get_ident
from typing import Any

import ray

from outvoted.cluster.console.ending import end_command
from outvoted.search.errors import OutvotedError

SAID_SECONDS = 25.0
"""Without an answer, after which it is said; later it is said again, each time at twice the age."""
ENDING_SECONDS = 12.0
"""Which a run that has lost the head gets to end by itself."""
RAYS_OWN = "RAY_gcs_rpc_server_reconnect_timeout_s"
"""The environment variable that says for how many seconds Ray bears to be without the head. It must be there
before Ray is imported."""
_RAYS_SECONDS = 60.0
_EARLIER_SECONDS = 20.0
_PAUSE_SECONDS = 2.0
_ANSWER_SECONDS = 2.0
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))

Say = Callable[[str | None, str | None], object]
"""Is told how things stand (None: as they should), and what is to be said aloud, if anything."""
Close = Callable[[OutvotedError], object]


def patience(alone: bool) -> float:
    """Return for how many seconds the head may be away before a run ends.

    Args:
        alone: whether it belongs to a private instance, in which nobody would start it again.
    """
    return SAID_SECONDS if alone else max(SAID_SECONDS, _rays_seconds() - _EARLIER_SECONDS)


def _rays_seconds() -> float:
    with suppress(ValueError):
        return max(0.0, float(os.environ.get(RAYS_OWN, "")))
    return _RAYS_SECONDS


def answers(address: str, seconds: float = _ANSWER_SECONDS) -> bool:
    """Ask a head for a sign of life: a gRPC server greets whoever greets it, with a token or without."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=seconds) as line:
            line.sendall(_HELLO)
            greeted = bool(line.recv(1))
    except ConnectionResetError:
        greeted = False
    except (OSError, ValueError):
        return False
    return greeted or os.environ.get("RAY_USE_TLS", "0").lower() in (
        "1",
        "true",
    )  # which hangs up on strangers


def head_answers() -> bool:
    """Ask the head of the cluster that this process has joined."""
    return answers(_address())


def _address() -> str:
    return str(ray.get_runtime_context().gcs_address)


def raylet() -> int:
    """Return the number of the process by which Ray serves this one on this machine; 0 if unknown."""
    worker = vars(import_module("ray._private.worker")).get("global_worker")
    name = getattr(getattr(worker, "node", None), "raylet_socket_name", "")
    if not name or not hasattr(socket, "SO_PEERCRED"):
        return 0
    with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_ANSWER_SECONDS)
        line.connect(name)
        return int.from_bytes(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), sys.byteorder)
    return 0


def has_ended(process: int) -> bool:
    """Whether a process of this machine is no more, or is only still listed."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


class HeadLostError(OutvotedError):
    """The head is lost for good, as far as a run could wait for it."""


class HeadSilence:
    """Hears whether the head answers; says what is to be said of it, and when it is lost."""

    def __init__(self, address: str, alone: bool, now: float) -> None:
        """Take who is asked, and whether it is that of a private instance, which nobody starts again."""
        self._alone, self._patience = alone, patience(alone)
        self._name = (
            "the head of this command's own Ray" if alone else f"the head of the cluster at {address}"
        )
        self._since, self._now, self._due = now, now, SAID_SECONDS

    def hear(self, answered: bool, now: float) -> tuple[str | None, str] | None:
        """Return how things stand and a sentence, where either is news."""
        age, self._now = now - self._since, now
        if answered:
            silent, self._since, self._due = self._due > SAID_SECONDS, now, SAID_SECONDS
            return (None, f"{self._name} answers again, after {age:.0f} s") if silent else None
        if age < self._due:
            return None
        self._due = 2 * max(self._due, age)
        said = f"{self._name} has not answered for {age:.0f} s"
        return (
            said,
            said if self.lost else f"{said}; the run ends if it stays away for {self._patience:.0f} s",
        )

    @property
    def lost(self) -> bool:
        """Whether nobody is to wait for it any longer."""
        return self._now - self._since >= self._patience

    @property
    def error(self) -> HeadLostError:
        """What a run says that ends because of it."""
        return HeadLostError(
            expected=f"an answer from {self._name}",
            found=f"none for {self._now - self._since:.0f} s: it has ended, or cannot be reached from here",
            remedy="what was recorded is kept: continue with --resume, which starts another; see whether it "
            "was killed, for want of memory say"
            if self._alone
            else "start it again, or see to the network; what was recorded is kept: continue with --resume",
        )


class _HeadGoneError(BaseException):
    """Raised in the thread that makes the run; on its way nobody takes it for a call that failed."""


@contextmanager
def head_watched(say: Say, close: Close, alone: bool) -> Iterator[None]:
    """Within the block, notice when the head no longer answers.

    Args:
        say: is told so, within 30 s, and whether it answers again.
        close: writes down how the run ended, where a call to Ray holds up the block for longer than
            ``ENDING_SECONDS``: a command is then ended at once.
        alone: see :func:`patience`.

    Raises:
        HeadLostError: the head is lost for good, or did not answer when something else went wrong.
    """
    here, run = get_ident(), _Watched(say, close)
    if here not in _watches:
        address = _address()
        _watches[here] = _HeadWatch(HeadSilence(address, alone, time.monotonic()), address)
    watch = _watches[here]
    watch.add(run)
    try:
        try:
            yield
        finally:
            watch.remove(run)
    except _HeadGoneError:
        raise watch.error from None
    except Exception as error:
        if watch.answers():
            raise
        raise watch.error from error


@dataclass(frozen=True, eq=False)
class _Watched:
    """A run, which may be a part of another one: all of them hear of the same head."""

    say: Say
    close: Close


class _HeadWatch:
    """Asks the head every few seconds, in a thread of its own, for as long as there is a run."""

    def __init__(self, silence: HeadSilence, address: str) -> None:
        self._silence, self._address = silence, address
        self._raylet, self._alone = raylet(), False
        self._runs: list[_Watched] = []
        self._ended, self._raising = Event(), Lock()
        self._thread, self._raised = get_ident(), False
        Thread(target=self._watch, daemon=True, name="head").start()

    @property
    def error(self) -> HeadLostError:
        return _no_raylet() if self._alone else self._silence.error

    def answers(self) -> bool:
        self._alone = self._raylet > 0 and has_ended(self._raylet)
        return not self._alone and answers(self._address)

    def add(self, run: _Watched) -> None:
        self._runs.append(run)

    def remove(self, run: _Watched) -> None:
        """Take a run out; after the last, ask no more: an exception that is on its way arrives in here."""
        if run in self._runs:
            self._runs.remove(run)
        if self._runs:
            return
        with self._raising:
            self._ended.set()
            _watches.pop(self._thread, None)
        while self._raised:
            self._raised = False
            time.sleep(0.1)

    def _watch(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            answers = self.answers()
            if self._alone:
                self._give_up()
                return
            news = self._silence.hear(answers, time.monotonic())
            if news is not None and not self._ended.is_set():
                stands, sentence = news
                for number, run in enumerate(tuple(self._runs)):
                    run.say(stands, None if number else sentence)
            if self._silence.lost:
                self._give_up()
                return

    def _give_up(self) -> None:
        with self._raising:
            if self._ended.is_set():
                return
            self._raised = True
            raise_in(self._thread, _HeadGoneError)
        if not self._ended.wait(ENDING_SECONDS):
            for run in reversed(self._runs):
                run.close(self.error)
            end_command(self.error)


def _no_raylet() -> HeadLostError:
    return HeadLostError(
        expected="Ray's own process on this machine, the raylet, to stay alive",
        found="it has ended: it was killed, for want of memory say, or Ray was stopped here",
        remedy="what was recorded is kept: continue with --resume, where Ray has been started again",
    )


_watches: dict[int, _HeadWatch] = {}  # by the thread that makes runs


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Have another thread raise an error, as soon as it does something in Python."""
    python: Any = ctypes.pythonapi
    python.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
