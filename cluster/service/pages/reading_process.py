"""A process beside the service that reads runs: reports take seconds and memory; a bad file may end it."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from outvoted.search.errors import OutvotedError

Given = ParamSpec("Given")
Result = TypeVar("Result")

_NICE = 10  # searches come first


class ReadingProcess:
    """Calls functions in a process of its own, one at a time; it is started when it is first asked.

    It ends when it has had nothing to do for a while or takes too long, and is started again when needed.
    """

    def __init__(self, most_seconds: float = 600.0, idle_seconds: float = 120.0) -> None:
        self._most, self._idle = most_seconds, idle_seconds
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._ending: threading.Timer | None = None

    def call(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Return what a function returns there; it must be one of a module, of values that can be pickled.

        Raises:
            OutvotedError: it took too long, or the process died.
        """
        with self._lock:
            if self._ending is not None:
                self._ending.cancel()
            try:
                return self._asked((function, args, kwargs))  # type: ignore[return-value]
            except (EOFError, OSError) as error:
                self._end()
                raise _failed("its process was lost, which happens where memory is short") from error
            finally:
                self._ending = threading.Timer(self._idle, self.close)
                self._ending.daemon = True
                self._ending.start()

    def close(self) -> None:
        """End the process, if it is idle."""
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def _asked(self, question: tuple[Any, ...]) -> object:
        pipe = self._started()
        pipe.send(question)
        if not pipe.poll(self._most):
            self._end()
            raise _failed(f"no answer within {self._most:.0f} s")
        good, answer = pipe.recv()
        if not good:
            raise _failed(answer)
        return answer

    def _started(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self._end()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_work, args=(theirs, os.getpid()), daemon=True)
            self._process.start()
            theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
        self._pipe = self._process = None


def _work(pipe: Connection, parent: int) -> None:
    """Answer until nobody asks any more."""
    os.nice(_NICE)
    while os.getppid() == parent:
        try:
            if not pipe.poll(10):
                continue
            function, args, kwargs = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, function(*args, **kwargs)
        except Exception as error:
            answer = False, f"{type(error).__name__}: {error}"[:500]
        pipe.send(answer)


def _failed(found: str) -> OutvotedError:
    return OutvotedError(
        "a run that can be read", found, "try again; `outvoted report` on the command line says more"
    )
