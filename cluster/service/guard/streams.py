"""Streams of events: some for each visitor."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.guard.limits import MOST_STREAMS, MOST_STREAMS_OF_ALL, counted_as
from outvoted.cluster.service.guard.visitors import visitor_of

_open: Counter[str] = Counter()


@asynccontextmanager
async def taken(request: Request) -> AsyncIterator[None]:
    """Take a stream for as long as the block lasts.

    Raises:
        BusyError: the visitor, or all together, have as many as they may.
    """
    client = counted_as(request.client.host) if request.client else ""
    who = visitor_of(request).session or client
    if _open[who] >= MOST_STREAMS or _open.total() >= MOST_STREAMS_OF_ALL:
        raise BusyError(
            expected=f"at most {MOST_STREAMS} streams of events for a visitor, {MOST_STREAMS_OF_ALL} for all",
            found="one more",
            remedy="close pages or programs that watch runs",
            after=5,
        )
    _open[who] += 1
    try:
        yield
    finally:
        _open[who] -= 1
        if not _open[who]:
            del _open[who]
