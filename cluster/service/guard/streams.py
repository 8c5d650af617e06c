"""Streams of events: some for each visitor."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.guard.limits import MOST_STREAMS, MOST_STREAMS_OF_ALL


class Streams:
    """Counts streams that are open, by visitor."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """Take a stream for as long as the block lasts.

        Raises:
            BusyError: the visitor, or all together, have as many as they may.
        """
        if self._open[who] >= MOST_STREAMS or self._open.total() >= MOST_STREAMS_OF_ALL:
            raise BusyError(
                expected=f"at most {MOST_STREAMS} streams of events a visitor, {MOST_STREAMS_OF_ALL} for all",
                found="one more",
                remedy="close pages or programs that watch runs",
                after=5,
            )
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]
