"""How a command ends: signals like Ctrl-C, what the environment did, and what is a bug."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    second of the first is the first. Signals that are ignored (`nohup`) stay ignored. All are given back when
    the block ends, unless it is ended by one of them.
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
    try:
        for number in before:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, cut_off)
        yield
    except BaseException:
        if not first:  # else the process is about to end, and the same signal may come once more
            _restore(before)
        raise
    else:
        _restore(before)


@contextmanager
def nothing_started() -> Iterator[None]:
    """Within the block a command imports what it needs, for seconds; a signal ends it without a traceback."""
    try:
        yield
    except KeyboardInterrupt as cut:
        by = f" by {cut}" if str(cut) else ""
        print(f"\nInterrupted{by} before anything started.", file=sys.stderr)
        sys.exit(INTERRUPTED)


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


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None:  # one that Python knows of
            signal.signal(number, handler)
