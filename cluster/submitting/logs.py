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
_SAID_SECONDS = 10.0
_QUIET_SECONDS = 90.0
"""Without a byte, after which a connection is given up: a run writes something every minute."""
_MOST_TRIES = 3
_PAUSE = 2.0
_BRIEFLY = 0.2
_ENDING_SECONDS = 5.0


async def lines(jobs: Jobs, job: str) -> AsyncGenerator[tuple[str | None, Record | None], None]:
    """Yield what a job's log says and its records, from its beginning, until the job has ended.

    A connection that breaks, or a dashboard that restarts, is waited for; it is said when that takes longer
    than some seconds, and when it is over.

    Raises:
        OutvotedError: nothing has come for minutes, or the cluster has forgotten the job.
    """
    reader, tail, away = LogReader(), _Tail(jobs, job), _Absence(jobs.address)
    while True:
        broken = False
        try:
            async with aclosing(tail.fresh()) as texts:
                async for text in texts:
                    for line in (*away.over(), *reader.feed(text)):
                        yield line
        except (ConnectionError, TimeoutError, OutvotedError):
            broken = True
        try:
            ended = (await asyncio.to_thread(jobs.job, job)).ended
        except OutvotedError as error:
            ended, broken, away.error = False, True, error
        for line in away.goes_on() if broken else ():
            yield line
        if ended and (not broken or away.tries > _MOST_TRIES):  # the log may be gone with its machine
            break
        if away.too_long:
            raise away.error
        await asyncio.sleep(_PAUSE if broken else _BRIEFLY)
    for line in reader.end():
        yield line


class _Tail:
    """A log that may have to be read from its beginning again and again; what came before is left out."""

    def __init__(self, jobs: Jobs, job: str) -> None:
        self._jobs, self._job, self._taken = jobs, job, 0

    async def fresh(self) -> AsyncGenerator[str, None]:
        passed = 0
        async with aclosing(self._jobs.tail(self._job)) as chunks:
            while True:
                async with asyncio.timeout(_QUIET_SECONDS):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                text = chunk[max(0, self._taken - passed) :]
                passed += len(chunk)
                self._taken = max(self._taken, passed)
                yield text


class _Absence:
    """For how long nothing can be had of a cluster, and what is said of it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._since, self._said = time.monotonic(), False
        self.tries = 0
        """How often something was asked for since then, in vain."""
        self.error = OutvotedError(
            expected=f"the log of the run from {address}",
            found="nothing for minutes, though the cluster answers",
            remedy="the run may go on: come back with `outvoted watch`; the machine with its log may be lost",
        )

    @property
    def too_long(self) -> bool:
        return self.tries > 0 and time.monotonic() - self._since > UNREACHABLE_SECONDS

    def goes_on(self) -> Iterator[tuple[str, None]]:
        now = time.monotonic()
        self._since = self._since if self.tries else now
        self.tries += 1
        if now - self._since >= _SAID_SECONDS and not self._said:
            self._said = True
            yield (
                f"nothing has come from {self._address} for {now - self._since:.0f} s: it is waited for, "
                f"{UNREACHABLE_SECONDS / 60:.0f} minutes at most; the run may go on meanwhile",
                None,
            )

    def over(self) -> Iterator[tuple[str, None]]:
        if self._said:
            yield f"{self._address} answers again, after {time.monotonic() - self._since:.0f} s", None
        self.tries, self._said = 0, False


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
