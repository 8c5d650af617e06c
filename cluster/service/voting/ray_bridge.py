"""A process beside the service that asks a cluster's panels: ``python -m … SOCKET HOST:PORT REPLICAS``.

A process that is connected to Ray is ended by Ray when it loses the cluster's head, and can't be connected to
another one. This one may end so; the service goes on and starts another.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

from ray.exceptions import RayActorError, RayError, TaskCancelledError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException

from outvoted.cluster.ray.connect import connected
from outvoted.cluster.service.errors import NotReadyError
from outvoted.cluster.service.voting.frames import receive, send
from outvoted.cluster.service.voting.held import busy
from outvoted.cluster.service.voting.ray_panels import deployed, text_of
from outvoted.search.errors import OutvotedError

_TRIES = 3
_PAUSE = 0.5
"""Seconds before a question is put again whose replica has died."""


async def _answers(line: socket.socket, panels: Any) -> None:
    """Put questions to the panels until the service has closed its end."""
    reader, writer = await asyncio.open_connection(sock=line)
    sending, under_way = asyncio.Lock(), set[asyncio.Task[None]]()

    async def answer(number: int, method: str, key: Any, question: Any) -> None:
        found = await _asked(panels.options(method_name=method, multiplexed_model_id=text_of(key)), question)
        async with sending:
            await send(writer, (number, found))

    await send(writer, (0, None))
    while True:
        try:
            message = await receive(reader)
        except EOFError:
            return
        task = asyncio.create_task(answer(*message))
        under_way.add(task)
        task.add_done_callback(under_way.discard)


async def _asked(panels: Any, question: Any) -> Any:
    """Return an answer, or the error that says why there is none; votes can be asked for again."""
    arguments = () if question is None else (question,)
    for attempt in range(_TRIES):
        try:
            return await panels.remote(*arguments)
        except BackPressureError:
            return busy()
        except RayActorError:
            await asyncio.sleep(_PAUSE * (attempt + 1))
        except (RayError, TaskCancelledError, RayServeException, DeploymentUnavailableError) as error:
            return _unanswered(error)
    return _unanswered("a process that ended while it voted")


def _unanswered(found: object) -> OutvotedError:
    lines = str(found).strip().splitlines() or [type(found).__name__]
    return NotReadyError(
        expected="a vote of the run's panel on the cluster",
        found=lines[-1][:300],
        remedy="ask again; if it stays so, look at the cluster's dashboard under Serve",
    )


def _main(arguments: Mapping[int, str]) -> None:
    line = socket.socket(fileno=int(arguments[1]))
    try:
        with connected(arguments[2]):
            asyncio.run(_answers(line, deployed(int(arguments[3]))))
            os._exit(0)  # without waiting for a cluster that may be gone
    except Exception as error:
        asyncio.run(_tell(line, error if isinstance(error, OutvotedError) else _unanswered(error)))
        os._exit(1)


async def _tell(line: socket.socket, error: OutvotedError) -> None:
    _, writer = await asyncio.open_connection(sock=line)
    await send(writer, (0, error))


if __name__ == "__main__":
    _main(dict(enumerate(sys.argv)))
