"""Trials handed to workers: each asks for the next one and waits where there is none to begin yet.

Tune would end processes that have nothing to do while a trial may not be suggested before another has ended,
and start them again, which takes longer than a short trial. So what Tune calls a trial is a worker's asking
for one.
"""

import asyncio

from outvoted.cluster.jobs.tune.tasks import TrialTask

_WAIT_SECONDS = 20.0


class TrialDesk:
    """Keeps what each asking was given; an asking is made again by another process where one has died."""

    def __init__(self) -> None:
        self._given: dict[int, asyncio.Future[TrialTask | None]] = {}

    async def give(self, asking: int, task: TrialTask | None) -> None:
        """Answer an asking; None: there is no trial left."""
        future = self._of(asking)
        if not future.done():
            future.set_result(task)

    async def take(self, asking: int) -> tuple[TrialTask | None] | None:
        """Wait for the answer to an asking, but not for long; None: ask again."""
        future = self._of(asking)
        await asyncio.wait([future], timeout=_WAIT_SECONDS)
        return (future.result(),) if future.done() else None

    async def stay(self) -> None:
        """Answer never: who waits for it is told when this process dies."""
        await asyncio.Event().wait()

    async def forget(self, asking: int) -> None:
        """Forget an asking whose trial has ended."""
        self._given.pop(asking, None)

    def _of(self, asking: int) -> "asyncio.Future[TrialTask | None]":
        if asking not in self._given:
            self._given[asking] = asyncio.get_running_loop().create_future()
        return self._given[asking]
