"""Panels in this process: for tests, and where there is no cluster to ask."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.voting.hosted import HostedPanel
from outvoted.cluster.service.voting.votes import (
    PanelFacts,
    PanelKey,
    RenderAnswer,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)

MOST_PANELS = 4
"""Panels that one process keeps; of others, the one that was last asked longest ago is closed."""
MOST_WAITING = 256
"""Questions that wait at once."""

Found = TypeVar("Found")


class HeldVotes:
    """Panels that answer one question at a time, in one thread."""

    def __init__(self, panels: int = MOST_PANELS, waiting: int = MOST_WAITING) -> None:
        self._panels: OrderedDict[PanelKey, HostedPanel] = OrderedDict()
        self._most, self._room = panels, waiting
        self._thread = ThreadPoolExecutor(1, "votes")

    async def facts(self, key: PanelKey) -> PanelFacts:
        """Say what a panel is."""
        return await self._answered(lambda: self._panel(key).facts)

    async def vote(self, key: PanelKey, question: VoteQuestion) -> VoteAnswer:
        """Have a panel vote."""
        return await self._answered(lambda: self._panel(key).vote([question])[0])

    async def render(self, key: PanelKey, question: RenderQuestion) -> RenderAnswer:
        """Move an image."""
        return await self._answered(lambda: self._panel(key).render(question))

    async def close(self) -> None:
        """End the thread once it has answered."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _answered(self, work: Callable[[], Found]) -> Found:
        if not self._room:
            raise busy()
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._room += 1

    def _panel(self, key: PanelKey) -> HostedPanel:
        if key not in self._panels:
            self._panels[key] = HostedPanel(key)
        self._panels.move_to_end(key)
        while len(self._panels) > self._most:
            self._panels.popitem(last=False)
        return self._panels[key]


def busy() -> BusyError:
    """Say that too many questions wait."""
    return BusyError(
        expected=f"at most {MOST_WAITING} votes waiting at once",
        found="as many already",
        remedy="ask again in a second, or send more images with each request",
    )
