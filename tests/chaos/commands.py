"""A command under watch: what it printed and when, and how it ended."""

import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.processes import descendants

_ENDING_SECONDS = 30.0


class Command:
    """A process of its own, with its standard output and error, line by line."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.began = time.monotonic()
        self.lines: list[tuple[float, str]] = []
        self._process = subprocess.Popen(
            arguments,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._placed = arguments[0] != sys.executable
        self._ended: float | None = None
        self._reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    def _read(self, log: Path) -> None:
        stream = self._process.stdout
        assert stream is not None
        with log.open("ab") as file:
            for line in stream:
                now = time.monotonic()
                self.lines.append((now, line.decode(errors="replace").rstrip()))
                file.write(f"{now - self.began:7.1f} ".encode() + line)
                file.flush()

    @property
    def pid(self) -> int:
        """Of the command itself, where it was started by another that put it on a host."""
        inner = descendants(self._process.pid, f"{sys.executable}\0-m\0outvoted") if self._placed else []
        return inner[0] if inner else self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended; None while it hasn't."""
        code = self._process.poll()
        if code is not None and self._ended is None:
            self._ended = time.monotonic()
            self._reader.join(5)
        return code

    def signal(self, number: int) -> None:
        """Send it a signal, if it is there; what put it on a host stands still with it."""
        for pid in {self.pid, *([self._process.pid] if number == signal.SIGCONT else [])}:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end, at most so long; return how it ended, or None."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.code

    def end(self) -> int:
        """Ask it to end, then make it."""
        self.signal(signal.SIGCONT)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.code is None:
                self.signal(number)
                self.wait(_ENDING_SECONDS)
        code = self.code
        assert code is not None
        return code

    def said(self, since: float = 0, until: float = math.inf) -> list[str]:
        """Return what it printed between two moments."""
        return [line for when, line in list(self.lines) if since <= when <= until and line]

    def silence(self, since: float, until: float) -> float:
        """Return the longest time, in seconds, between two moments in which it ran and printed nothing."""
        first, last = max(since, self.began), min(until, self._ended or until)
        times = [when for when, _ in list(self.lines) if first <= when <= last]
        moments = [first, *times, last]
        return max(0.0, *(later - earlier for earlier, later in itertools.pairwise(moments)))
