"""A panel in this process, as one whose answers can be waited for, and as one that is asked again."""

import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.later import LaterPanel, PatientPanel, Retries
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.seeds import SeedBlock, SeedPixels
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Questions, Replies

Said = TypeVar("Said")


class PanelInside(LaterPanel):
    """A panel in this process; between two questions others get their turn, during one no one does."""

    def __init__(self, panel: VotingPanel, seeds: SeedPixels) -> None:
        """Take the panel, and the seeds that its peers share."""
        self._panel, self._seeds = panel, seeds

    async def ask(self, questions: Questions) -> Replies:
        """Ask each peer about its candidates."""
        return self._panel.ask(questions)

    async def vote(self, images: Pixels) -> Singles:
        """Put images to all peers."""
        return self._panel.vote(images)

    async def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers."""
        return self._panel.judge(found)

    async def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        return self._panel.exactness()

    def hold(self, name: str, block: SeedBlock) -> None:
        """Hold seeds for all peers."""
        self._seeds.hold(name, block)

    def release(self, name: str) -> None:
        """Let go of them."""
        self._seeds.drop(name)


class PromptPanel(VotingPanel):
    """A panel in this process that is asked again where it has no answer; meanwhile the process waits."""

    def __init__(self, panel: LocalPanel, seeds: SeedPixels, retries: Retries) -> None:
        """Take the panel, the seeds that its peers share, and how often it is asked again."""
        self._size = panel.size
        self._panel = PatientPanel(PanelInside(panel, seeds), retries, _slept)

    @property
    def size(self) -> int:
        """Number of peers."""
        return self._size

    def ask(self, questions: Questions) -> Replies:
        """Put to each peer its candidates, and those without an answer again."""
        return _at_once(self._panel.ask(questions))

    def vote(self, images: Pixels) -> Singles:
        """Put images to all peers, and those without a vote again."""
        return _at_once(self._panel.vote(images))

    def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers, and those without a vote again."""
        return _at_once(self._panel.judge(found))

    def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        return _at_once(self._panel.exactness())


async def _slept(seconds: float) -> None:
    time.sleep(seconds)  # there is nothing else that could go on


def _at_once(answer: Coroutine[Any, Any, Said]) -> Said:
    """Return what never has to wait for anything else."""
    try:
        answer.send(None)
    except StopIteration as end:
        said: Said = end.value
        return said
    raise RuntimeError("an answer that has to be waited for")
