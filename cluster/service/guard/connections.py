"""Connections: those on which nobody asks for anything make room for others.

uvicorn waits for the headers of a request for ever, and its limit on connections counts those that wait: some
hundred that say nothing would keep everybody out. Here a connection has a time until its next request must
have come whole, and if many wait, the one that has waited longest is closed for a new one; the request of an
honest visitor comes with the connection, so that it waits the shortest of all.
"""

import asyncio
import resource
from functools import partial
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 15.0
WRITING = 30.0
MOST_WAITING = 1024
_HEADER_BYTES = 32 << 10
_BACKLOG = 1024
_FILES = 65_536
_SHUTDOWN = 5


class Waiting:
    """Connections on which no request is being answered, by client.

    Attributes:
        asking: seconds until the next request's headers must have come.
        taking: seconds for which an answer may wait to be taken.
    """

    def __init__(self, most: int, asking: float = PATIENCE, taking: float = WRITING) -> None:
        self.asking, self.taking = asking, taking
        self._most, self._count = most, 0
        self._of: dict[str, dict[PatientProtocol, None]] = {}

    def add(self, connection: "PatientProtocol") -> None:
        """Add a connection; if there are too many, close the oldest of the client that has most."""
        self._of.setdefault(connection.host, {})[connection] = None
        self._count += 1
        if self._count > self._most:
            most = max(self._of.values(), key=len)
            next(iter(most)).give_up()

    def remove(self, connection: "PatientProtocol") -> None:
        """Remove a connection, if it waits."""
        its = self._of.get(connection.host, {})
        if connection in its:
            del its[connection]
            self._count -= 1
            if not its:
                del self._of[connection.host]


class PatientProtocol(H11Protocol):
    """One connection: patient, but not for ever, with what is asked and with how its answer is taken."""

    def __init__(self, *given: Any, waiting: Waiting, **named: Any) -> None:
        super().__init__(*given, **named)
        self.host = ""
        self._waiting = waiting
        self._until_asked: asyncio.TimerHandle | None = None
        self._until_taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Handle what came; once a request's headers are there, they are not waited for."""
        super().handle_events()
        if self._answering:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless it is there."""
        super().on_response_complete()
        if not self._answering:
            self._wait()

    def pause_writing(self) -> None:
        """Begin to wait for what was written to be taken."""
        super().pause_writing()
        if self._until_taken is None:
            self._until_taken = self.loop.call_later(self._waiting.taking, self.give_up)

    def resume_writing(self) -> None:
        """Stop waiting: it was taken."""
        if self._until_taken is not None:
            self._until_taken.cancel()
            self._until_taken = None
        super().resume_writing()

    def give_up(self) -> None:
        """Close the connection without another word."""
        self._stop_waiting()
        self.transport.abort()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._stop_waiting()
        self._until_asked = self.loop.call_later(self._waiting.asking, self.give_up)
        self._waiting.add(self)

    def _stop_waiting(self) -> None:
        if self._until_asked is not None:
            self._until_asked.cancel()
            self._until_asked = None
            self._waiting.remove(self)


def raise_file_limit() -> int:
    """Let this process open as many files as it may, and return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return most if soft == resource.RLIM_INFINITY else soft


def most_waiting() -> int:
    """Return how many connections may wait: few enough to leave files for those that are answered."""
    return max(32, min(MOST_WAITING, raise_file_limit() // 4))


def serving_options(waiting: Waiting | None = None) -> dict[str, Any]:
    """Return the arguments of ``uvicorn.Config`` that have to do with connections."""
    return {
        "http": partial(PatientProtocol, waiting=waiting or Waiting(most_waiting())),
        "ws": "none",
        "h11_max_incomplete_event_size": _HEADER_BYTES,
        "timeout_keep_alive": int(PATIENCE),
        "timeout_graceful_shutdown": _SHUTDOWN,
        "backlog": _BACKLOG,
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
    }
