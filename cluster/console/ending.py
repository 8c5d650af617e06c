"""How a command ends: signals like Ctrl-C, what the environment did, and what is a bug."""

import atexit
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ONCE_SECONDS = 1.0
INTERRUPTED = 130
"""The exit code of a command that a signal ended; what shells give for Ctrl-C."""


@contextmanager
def signals_heeded() -> Iterator[None]:
    """Within the block, SIGTERM and SIGHUP do what Ctrl-C does; a second signal ends the process at once.

    Batch systems may send one signal twice, to a job and to each of its processes: what comes within a
    second of the first is the first, also where it comes as late as while the interpreter shuts down. Signals
    that are ignored (`nohup`) stay ignored. All are given back when the block ends, unless it is ended by one
    of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first: list[float] = []

    def cut_off(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append(now)
            raise KeyboardInterrupt("" if number == signal.SIGINT else signal.Signals(number).name)
        if now - first[0] >= _ONCE_SECONDS:
            os._exit(INTERRUPTED)

    before = _handlers()
    deaf = partial(_ignore, cut_off)
    atexit.register(deaf)  # before Ray is imported, so that it is called after Ray has shut down
    try:
        for number in before:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, cut_off)
        yield
    except BaseException:
        if first:  # the process is about to end, and the same signal may come once more
            raise
        _restore(before, deaf)
        raise
    else:
        _restore(before, deaf)


@contextmanager
def carried_out(tell: Callable[[Exception], int]) -> Iterator[None]:
    """Within the block this process is a command, which may be ended at once.

    Args:
        tell: says what ended the command, and returns its exit code.
    """
    _tellers.append(tell)
    try:
        yield
    except SystemExit as end:
        if _abandoned:
            _exit(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    finally:
        _tellers.remove(tell)


@contextmanager
def last_words(say: Callable[[], None]) -> Iterator[None]:
    """Have something said if the command is ended at once within the block."""
    _last_words.append(say)
    try:
        yield
    finally:
        _last_words.remove(say)


def end_command(error: Exception) -> None:
    """Say what ended the command that this process is, and end it at once; any other process goes on."""
    if _tellers:
        for say in tuple(_last_words):
            say()
        _exit(_tellers[0](error))


def abandon() -> None:
    """Have the command that this process is end at once when it ends: something in it never would."""
    _abandoned.append(True)


def is_command() -> bool:
    """Whether this process is a command, not a program that uses Outvoted."""
    return bool(_tellers)


def abandoned() -> bool:
    """Whether something in this process never ends."""
    return bool(_abandoned)


_tellers: list[Callable[[Exception], int]] = []
_last_words: list[Callable[[], None]] = []
_abandoned: list[bool] = []


def _exit(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def nothing_started() -> Iterator[None]:
    """Within the block a command imports what it needs, for seconds; a signal ends it without a traceback.

    What is imported stays, so garbage is looked for neither among it nor meanwhile: a sixth of the time.
    """
    gc.disable()
    try:
        yield
    except KeyboardInterrupt as cut:
        by = f" by {cut}" if str(cut) else ""
        print(f"\nInterrupted{by} before anything started.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def signals_kept() -> Iterator[None]:
    """Give signals back to whoever had them before the block; Ray takes SIGTERM when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _handlers()
    try:
        yield
    finally:
        _restore(before)


def _ignore(handler: Callable[[int, FrameType | None], None]) -> None:
    """Have signals with a handler ignored; at its end the interpreter would let them kill the process."""
    for number in _SIGNALS:
        if signal.getsignal(number) is handler:
            signal.signal(number, signal.SIG_IGN)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _restore(handlers: dict[int, Any], at_exit: Callable[[], None] | None = None) -> None:
    if at_exit is not None:
        atexit.unregister(at_exit)
    for number, handler in handlers.items():
        if handler is not None:  # one that Python knows of
            signal.signal(number, handler)
