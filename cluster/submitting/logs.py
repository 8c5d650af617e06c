"""The log of a job: read as it grows, whatever happens to the connection; taken apart; without records."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from outvoted.cluster.console.records import LogReader, Record, RunBegan
from outvoted.cluster.submitting.dashboard import Jobs
from outvoted.search.errors import OutvotedError

Item = TypeVar("Item")

UNREACHABLE_SECONDS = 300.0
"""How long a cluster may be out of reach, its head restarting say, before whoever watches is told to go."""
_PAUSE = 2.0
_BRIEFLY = 0.2
_ENDING_SECONDS = 5.0


async def lines(jobs: Jobs, job: str) -> AsyncGenerator[tuple[str | None, Record | None], None]:
    """Yield what a job's log says and its records, from its beginning, until the job has ended.

    A connection that breaks, or a dashboard that restarts, is waited for.

    Raises:
        OutvotedError: the cluster can't be reached for minutes, or has forgotten the job.
    """
    reader, taken, heard = LogReader(), 0, time.monotonic()
    while True:
        passed = 0
        try:
            async with aclosing(jobs.tail(job)) as chunks:
                async for chunk in chunks:
                    heard, fresh = time.monotonic(), chunk[max(0, taken - passed) :]
                    passed += len(chunk)
                    taken = max(taken, passed)
                    for line in reader.feed(fresh):
                        yield line
            if (await asyncio.to_thread(jobs.job, job)).ended:
                break
            await asyncio.sleep(_BRIEFLY)
        except (ConnectionError, OutvotedError):
            if time.monotonic() - heard > UNREACHABLE_SECONDS:
                raise
            await asyncio.sleep(_PAUSE)
    for line in reader.end():
        yield line


def pulled(source: Callable[[], AsyncGenerator[Item, None]]) -> Iterator[Item]:
    """Yield what an asynchronous generator does; it runs in a thread, as a notebook has its own loop."""
    heard: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    loop = asyncio.new_event_loop()

    async def pump() -> None:
        try:
            async with aclosing(source()) as items:
                async for item in items:
                    heard.put((item,))
        except BaseException as error:
            heard.put(error)
            return
        heard.put(None)

    task = loop.create_task(pump())
    thread = Thread(target=loop.run_until_complete, args=(task,), daemon=True)
    thread.start()
    try:
        while (found := heard.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(task.cancel)
        thread.join(_ENDING_SECONDS)
        if not thread.is_alive():
            loop.close()


def place_of(log: str) -> str | None:
    """Return the folder or URL of the run that a log is of, if it has begun."""
    reader = LogReader()
    found = [record for _, record in reader.feed(log) if isinstance(record, RunBegan)]
    return found[-1].place if found else None


def plain(log: str) -> str:
    """Return a log without records."""
    reader = LogReader()
    said = [line for line, _ in (*reader.feed(log), *reader.end()) if line is not None]
    return "\n".join(said)
