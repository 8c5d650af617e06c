"""Messages between the service and the process that asks Ray for it, over a pair of sockets of their own.

Both ends are processes of this package that share an inherited socket which nobody else can open; so messages
may be pickled, as Ray pickles them once more.
"""

import asyncio
import pickle
from typing import Any

_SIZE = 8


async def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Send a message; arrays in it are not copied more often than need be."""
    data = pickle.dumps(message, protocol=5)
    writer.write(len(data).to_bytes(_SIZE, "big"))
    writer.write(data)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Any:
    """Receive a message.

    Raises:
        EOFError: the other end is closed.
    """
    try:
        size = int.from_bytes(await reader.readexactly(_SIZE), "big")
        return pickle.loads(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error
