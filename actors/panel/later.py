"""A panel whose answers can be waited for, and one that is asked again where it has none."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.search.arrays import Ints, Pixels, Singles
from outvoted.search.messages import Answers, Questions, Replies


class LaterPanel(ABC):
    """A panel whose answers can be waited for while others are asked: what a cell's coordinator asks."""

    @abstractmethod
    async def ask(self, questions: Questions) -> Replies:
        """Put to each peer the candidates meant for it, as a VotingPanel does."""

    @abstractmethod
    async def vote(self, images: Pixels) -> Singles:
        """Put images (n, channels, height, width) to all peers; shape (peers, n, classes)."""

    @abstractmethod
    async def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers, as a VotingPanel does."""

    @abstractmethod
    async def exactness(self) -> tuple[Exactness, ...]:
        """Return how each peer's answers were computed so far."""

    @abstractmethod
    def hold(self, name: str, block: SeedBlock) -> None:
        """Have seeds at hand until they are released; others are read whenever they are asked about."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Let go of them."""

    async def widened(self) -> int:
        """Count how often a peer's bound was widened so far."""
        return sum(one.widened for one in await self.exactness())


_LONGER, _LONGEST = 5.0, 15.0
_FRUITLESS = 3


@dataclass(frozen=True)
class Retries:
    """How often what a network fails to answer is put to it again.

    Attributes:
        count: at most so often.
        pause: seconds before the first time; before each later one five times as long, but at most 15.
    """

    count: int = 2
    pause: float = 3.0


class PatientPanel(LaterPanel):
    """Puts again what a network raised an error about, or answered with NaN: a passing fault fails no search.

    A network that fails for good would make every round wait. So after three times in a row in which nothing
    was answered at last, the panel is asked again once, without a pause, until it answers something.

    Attributes:
        beats: how often an answer came so far.
    """

    def __init__(
        self,
        panel: LaterPanel,
        retries: Retries,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Take the panel that is asked, and what waits."""
        self._panel, self._retries, self._sleep = panel, retries, sleep
        self._fruitless = self.beats = 0

    async def ask(self, questions: Questions) -> Replies:
        """Put to each peer its candidates, and those without an answer again."""
        replies = dict(await self._panel.ask(questions))
        self.beats += 1
        missing = _unanswered(replies)
        began = _count(missing)
        for pause in self._pauses(began):
            await self._sleep(pause)
            again = {peer: questions.rows[peer][rows] for peer, rows in missing.items()}
            found = await self._panel.ask(Questions(questions.candidates, again))
            self.beats += 1
            for peer, rows in missing.items():
                replies[peer] = _with(replies[peer], rows, found[peer])
            missing = _unanswered(replies)
            if not missing:
                break
        self._learn(began, _count(missing))
        return replies

    async def vote(self, images: Pixels) -> Singles:
        """Put images to all peers, and those without a vote again."""
        votes = np.array(await self._panel.vote(images))
        self.beats += 1
        rows = _voteless(votes)
        began = len(rows)
        for pause in self._pauses(began):
            await self._sleep(pause)
            votes[:, rows] = await self._panel.vote(images[rows])
            self.beats += 1
            rows = _voteless(votes)
            if not len(rows):
                break
        self._learn(began, len(rows))
        return votes

    async def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers; again those without a vote or sure realism."""
        seen = await self._panel.judge(found)
        self.beats += 1
        votes, realism = np.array(seen.votes), np.array(seen.realism)
        rows = _unjudged(seen)
        began = len(rows)
        for pause in self._pauses(began):
            await self._sleep(pause)
            some = FoundImages(found.images[rows], found.labels[rows], found.seed_id[rows])
            again = await self._panel.judge(some)
            self.beats += 1
            votes[:, rows], realism[:, rows] = again.votes, again.realism
            rows = rows[_unjudged(again)]
            if not len(rows):
                break
        self._learn(began, len(rows))
        return Seen(votes, realism)

    async def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        return await self._panel.exactness()

    def hold(self, name: str, block: SeedBlock) -> None:
        """Have seeds at hand; that they have come is a sign of life."""
        self.beats += 1
        self._panel.hold(name, block)

    def release(self, name: str) -> None:
        """Let go of them."""
        self._panel.release(name)

    def _pauses(self, missing: int) -> Iterator[float]:
        """Yield how long to wait before each time something is asked again."""
        if not missing or not self._retries.count:
            return
        if self._fruitless >= _FRUITLESS:
            yield 0.0
            return
        for number in range(self._retries.count):
            yield min(self._retries.pause * _LONGER**number, _LONGEST)

    def _learn(self, before: int, left: int) -> None:
        if before:
            self._fruitless = self._fruitless + 1 if left == before else 0


def _unanswered(replies: Replies) -> dict[int, Ints]:
    """Return for each peer the rows of its answers that are none."""
    rows = {peer: np.flatnonzero(~np.isfinite(answers.score)) for peer, answers in replies.items()}
    return {peer: found for peer, found in rows.items() if len(found)}


def _count(missing: dict[int, Ints]) -> int:
    return sum(map(len, missing.values()))


def _voteless(votes: Singles) -> Ints:
    """Return the images for which a peer has no vote; votes (peers, n, classes)."""
    return np.flatnonzero(~np.isfinite(votes).all(axis=(0, 2)))


def _unjudged(seen: Seen) -> Ints:
    """Return the images for which a peer has no vote, or one that may judge otherwise in a moment."""
    missing = ~np.isfinite(seen.votes).all(axis=(0, 2))
    return np.flatnonzero(missing if seen.doubtful is None else missing | seen.doubtful.any(axis=0))


def _with(answers: Answers, rows: Ints, found: Answers) -> Answers:
    """Put answers in the place of some rows."""
    score, predicted = answers.score.copy(), answers.predicted.copy()
    score[rows], predicted[rows] = found.score, found.predicted
    gradient = answers.gradient
    if gradient is not None and found.gradient is not None:
        gradient = gradient.copy()
        gradient[rows] = found.gradient
    failure = answers.failure
    if failure is not None or found.failure is not None:
        failure = np.full(len(score), "", object) if failure is None else failure.copy()
        failure[rows] = "" if found.failure is None else found.failure
    return replace(answers, score=score, predicted=predicted, gradient=gradient, failure=failure)
