"""A panel that joins the questions of several threads into one."""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Condition

import numpy as np

from outvoted.actors.panel import Panel
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Candidates, Questions, Replies


class CombiningPanel(Panel):
    """Wraps a panel. While its calls are under way, further questions wait and then travel together.

    So several shards advance at a time at the price of one: batches stay full although each shard asks
    about fewer and fewer searches, and while one call is out the threads it answered decide.
    """

    def __init__(self, panel: Panel, calls: int = 2) -> None:
        """Take the panel and how many calls to it may be under way at a time."""
        self._panel = panel
        self._calls = calls
        self._under_way = 0
        self._waiting: list[tuple[Questions, Future[Replies]]] = []
        self._turn = Condition()

    @property
    def size(self) -> int:
        """Number of peers."""
        return self._panel.size

    def ask(self, questions: Questions) -> Replies:
        """Ask together with whoever else is waiting; an error reaches everyone it concerns."""
        reply: Future[Replies] = Future()
        with self._turn:
            self._waiting.append((questions, reply))
            self._turn.wait_for(lambda: reply.done() or (self._waiting and self._under_way < self._calls))
            leads = not reply.done()
            if leads:
                batch, self._waiting = self._waiting, []
                self._under_way += 1
        if leads:
            self._lead(batch)
        return reply.result()

    def vote(self, images: Pixels) -> Singles:
        """Put images to the wrapped panel."""
        return self._panel.vote(images)

    def _lead(self, batch: Sequence[tuple[Questions, Future[Replies]]]) -> None:
        """Ask for all that were waiting, and hand each its part of the replies."""
        try:
            asked = [questions for questions, _ in batch]
            replies = self._panel.ask(_together(asked))
            for (_, reply), part in zip(batch, _apart(asked, replies), strict=True):
                reply.set_result(part)
        except BaseException as error:
            for _, reply in batch:
                if not reply.done():
                    reply.set_exception(error)
        finally:
            with self._turn:
                self._under_way -= 1
                self._turn.notify_all()


def _together(asked: Sequence[Questions]) -> dict[int, Candidates]:
    peers = sorted({peer for questions in asked for peer in questions})
    parts = {peer: [questions[peer] for questions in asked if peer in questions] for peer in peers}
    return {
        peer: Candidates(
            np.concatenate([part.seed_id for part in found]),
            np.concatenate([part.composed for part in found]),
        )
        for peer, found in parts.items()
    }


def _apart(asked: Sequence[Questions], replies: Replies) -> list[dict[int, Answers]]:
    first = dict.fromkeys(replies, 0)
    return [
        {peer: _next(replies[peer], first, peer, len(part)) for peer, part in questions.items()}
        for questions in asked
    ]


def _next(answers: Answers, first: dict[int, int], peer: int, count: int) -> Answers:
    rows = slice(first[peer], first[peer] + count)
    first[peer] = rows.stop
    return Answers(answers.score[rows], answers.predicted[rows])
