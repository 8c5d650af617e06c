"""The runs of a folder as they were a moment ago: many who ask make one look."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from outvoted.cluster.jobs.glancing import Glance, Glances

_FRESH_SECONDS = 0.5


class RecentGlances:
    """Looks at a folder at most twice a second, whoever asks."""

    def __init__(self, runs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the folder of runs."""
        self._glances, self._clock, self._lock = Glances(runs), clock, Lock()
        self._found: Sequence[Glance] = ()
        self._looked = float("-inf")

    def take(self) -> Sequence[Glance]:
        """Return all runs: those at work first, each group with the latest first.

        Raises:
            OutvotedError: the folder cannot be read.
        """
        with self._lock:
            if self._clock() - self._looked >= _FRESH_SECONDS:
                self._found = self._glances.take()
                self._looked = self._clock()
            return self._found

    def forget(self) -> None:
        """Have the next look be a new one: something was just changed."""
        self._looked = float("-inf")
