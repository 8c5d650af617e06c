"""Runs at a URL, brought to the folders that stand for them when somebody looks, without making them wait."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import url_of
from outvoted.search.errors import OutvotedError

_FRESH_SECONDS = 30.0
_PATIENCE_SECONDS = 1.0


class Fetching:
    """Fetches what a run's URL has more of than its folder: in a thread, every half minute at most."""

    def __init__(self, fetch: Callable[[Path], object] = fetched) -> None:
        """Take what fetches a run."""
        self._fetch, self._lock = fetch, Lock()
        self._begun: dict[Path, float] = {}
        self._under_way: dict[Path, Thread] = {}

    def look(self, run: Path) -> None:
        """Have a run's folder soon hold what its URL does; wait a moment for it. Of a folder, do nothing."""
        if url_of(run) is None:
            return
        with self._lock:
            thread = self._under_way.get(run)
            if thread is None and time.monotonic() - self._begun.get(run, -_FRESH_SECONDS) >= _FRESH_SECONDS:
                self._begun[run] = time.monotonic()
                thread = self._under_way[run] = Thread(target=self._bring, args=(run,), daemon=True)
                thread.start()
            waits = time.monotonic() - self._begun[run] < _PATIENCE_SECONDS
        if thread is not None and waits:
            thread.join(_PATIENCE_SECONDS)

    def _bring(self, run: Path) -> None:
        try:
            with suppress(OutvotedError):  # the list of runs says that the store refuses
                self._fetch(run)
        finally:
            with self._lock:
                self._under_way.pop(run, None)
