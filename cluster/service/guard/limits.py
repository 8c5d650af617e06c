"""How much is taken from whom."""

import ipaddress
import math
import time
from typing import Annotated

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from pydantic import Field

from outvoted.cluster.service.errors import BusyError
from outvoted.search.settings import Settings

Rate = Annotated[int, Field(ge=1)]

MOST_BODY = 1 << 20
"""Bytes of what is sent with a request."""
MOST_UPLOAD = 16 << 20
"""Bytes where images or labels are sent."""
MOST_HELD = 512 << 20
"""Bytes of what is being sent, with all requests together."""
MOST_ADDRESS = 16 << 10
"""Bytes of a request's path and query."""
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 << 10
"""Bytes of all headers of a request."""
MOST_AT_ONCE = 512
"""Requests that are being answered, streams of events among them."""
MOST_STRANGERS_AT_ONCE = 128
"""Of these, those of visitors who aren't logged in."""
MOST_STREAMS = 8
"""Streams of events for one visitor."""
MOST_STREAMS_OF_ALL = 256
BODY_PATIENCE = 10.0
"""Seconds until the next piece of what is sent must have come."""
BODY_LASTS = 120.0
"""Seconds until all of it must have."""
STRANGERS_BODY_LASTS = 10.0

_SECONDS = 10


class Rates(Settings):
    """How many requests are taken in ten seconds.

    Those who are logged in are counted by session, or by address if they are programs; others by address. Of
    an IPv6 address the first 64 bits count.
    """

    any: Rate = 1000
    """Of one who is logged in."""
    changing: Rate = 40
    """Of these, with which something may be changed."""
    asking: Rate = 500
    """Of these, which put images to a panel."""
    strangers: Rate = 100
    """From an address of which nobody is logged in; wrong tokens count here."""


class Counted:
    """Counts requests, and refuses those that are too many."""

    def __init__(self, rates: Rates) -> None:
        self._most = {name: RateLimitItemPerSecond(most, _SECONDS) for name, most in rates}
        self._windows = FixedWindowRateLimiter(MemoryStorage())

    async def check(self, kind: str, who: str) -> None:
        """Count a request.

        Args:
            kind: a field of :class:`Rates`.

        Raises:
            BusyError: it is one too many.
        """
        most = self._most[kind]
        if not await self._windows.hit(most, kind, who):
            end, _ = await self._windows.get_window_stats(most, kind, who)
            raise BusyError(
                expected=f"at most {most.amount:,} requests {_SAID[kind]} in {_SECONDS} seconds",
                found="more",
                remedy="wait, and ask again",
                after=max(1, math.ceil(end - time.time())),
            )


_SAID = {
    "any": "of one visitor",
    "changing": "of one visitor to change something",
    "asking": "of one visitor to put images to networks",
    "strangers": "without a valid token from one address",
}


def counted_as(address: str) -> str:
    """Return what stands for a client: its address, or the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)
