"""What calls to Ray come to, in the order in which they end: none is waited for by itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from outvoted.cluster.ray.events import Event

Heard = Callable[[Any, BaseException | None], Event | None]
"""Makes an event of what a call returned, or of what it raised."""


class Inbox:
    """Whatever ends is put here, from Ray's own threads or others; one thread takes all that is there."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[Callable[[], Event | None]] = SimpleQueue()

    def put(self, event: Event) -> None:
        """Have something that has happened heard."""
        self._ended.put(lambda: event)

    def watch(self, future: Any, heard: Heard) -> None:
        """Have a call heard, once it ends, in the thread that empties the inbox."""
        future.add_done_callback(lambda ended: self._ended.put(partial(_heard, ended, heard)))

    def happened(self, seconds: float) -> Iterator[Event]:
        """Yield all that has happened; where that is nothing, wait for so long until something has."""
        with suppress(Empty):
            heard = self._ended.get(timeout=seconds) if seconds else self._ended.get_nowait()
            while True:
                event = heard()
                if event is not None:
                    yield event
                heard = self._ended.get_nowait()


def _heard(future: Any, heard: Heard) -> Event | None:
    error = future.exception()
    return heard(None if error is not None else future.result(), error)
