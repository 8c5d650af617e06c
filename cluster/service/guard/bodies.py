"""What is sent with a request: no more than is taken, and no slower."""

import asyncio

from starlette.types import Message, Receive, Scope

from outvoted.cluster.service.errors import BusyError, RequestError, SlowError, TooLargeError
from outvoted.cluster.service.guard.limits import BODY_LASTS, BODY_PATIENCE, MOST_HELD, STRANGERS_BODY_LASTS


class Held:
    """How many bytes of requests that are being answered were taken in all."""

    total = 0


class Body:
    """What is sent with one request, as its application receives it.

    Attributes:
        refused: why no more of it was taken.
    """

    def __init__(self, receive: Receive, most: int, held: Held) -> None:
        self._receive, self._most, self._held = receive, most, held
        self._taken, self._over, self._since = 0, False, asyncio.get_running_loop().time()
        self._kept: bytes | None = None
        self._lasts = BODY_LASTS
        self.refused: RequestError | None = None

    def hurry(self) -> None:
        """Wait for all of it only as long as for a stranger."""
        self._lasts = STRANGERS_BODY_LASTS

    async def receive(self) -> Message:
        """Return the next piece, or wait for the end of the connection once all has come.

        Raises:
            RequestError: it is too much or too slow; it says the same again when it is asked again.
        """
        if self._kept is not None:
            data, self._kept = self._kept, None
            return {"type": "http.request", "body": data, "more_body": False}
        if self._over:
            return await self._receive()
        if self.refused is None:
            message = await self._next()
            self._take(message)
            self._over = message["type"] != "http.request" or not message.get("more_body", False)
        if self.refused is not None:
            raise self.refused
        return message

    async def whole(self) -> bytes | None:
        """Return all of it; None where the connection ended before.

        Raises:
            RequestError: it is too much or too slow.
        """
        data = bytearray()
        while not self._over:
            message = await self.receive()
            data += message.get("body", b"")
            if message["type"] != "http.request":
                return None
        return bytes(data)

    def again(self, data: bytes) -> None:
        """Have all of it be received once more."""
        self._kept = data

    def close(self) -> None:
        """Forget what was taken."""
        self._held.total -= self._taken

    async def _next(self) -> Message:
        left = self._since + self._lasts - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(BODY_PATIENCE, left)):
                return await self._receive()
        except TimeoutError:
            self.refused = SlowError(
                expected=f"the next piece of what is sent within {BODY_PATIENCE:.0f} seconds, and all of it "
                f"within {self._lasts:.0f}",
                found="nothing",
                remedy="send it again over a faster connection",
            )
            return {"type": "http.disconnect"}

    def _take(self, message: Message) -> None:
        size = len(message.get("body", b""))
        self._taken += size
        self._held.total += size
        if self._taken > self._most:
            self.refused = too_large(self._most, f"more than {self._most:,}")
        elif self._held.total > MOST_HELD:
            self.refused = BusyError(
                expected=f"at most {MOST_HELD >> 20} MiB to be sent at once, by all visitors",
                found="more",
                remedy="wait, and send it again",
            )


def check_announced(scope: Scope, most: int) -> None:
    """Refuse what says in its header that it is too large.

    Raises:
        TooLargeError: it does.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
            raise too_large(most, f"{int(value[:20]):,}")


def too_large(most: int, found: str) -> TooLargeError:
    """Say that more was sent than is taken."""
    return TooLargeError(
        expected=f"at most {most:,} bytes to be sent to this address",
        found=found,
        remedy="send less at once",
    )
