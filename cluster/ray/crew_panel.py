"""The panel of a run's cells, as seen from the process that plans it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Questions, Replies

_ROWS = 1024
"""Candidates in one call: few enough that a cell that hangs is told from one that has much to do."""


class CrewPanel(VotingPanel):
    """The panel that every cell has: what is asked of it is asked of a cell."""

    def __init__(self, ask: Callable[..., Any], size: int) -> None:
        """Take what asks a cell, by the name of a method and its arguments, and the number of peers."""
        self._ask, self._size = ask, size

    @property
    def size(self) -> int:
        """Number of peers."""
        return self._size

    def ask(self, questions: Questions) -> Replies:
        """Put to each peer the candidates meant for it, part by part."""
        parts = list(_parts(questions))
        replies: list[Replies] = [self._ask("ask", part) for part, _ in parts]
        found = {}
        for peer in questions.rows:
            said = [reply[peer] for reply, (part, _) in zip(replies, parts, strict=True) if peer in part.rows]
            places = np.concatenate([place[peer] for _, place in parts if peer in place])
            joined = said[0] if len(said) == 1 else Answers.joined(said)
            found[peer] = joined.rows(np.argsort(places))
        return found

    def vote(self, images: Pixels) -> Singles:
        """Put images to all peers; shape (peers, n, classes)."""
        votes: Singles = self._ask("vote", images)
        return votes

    def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers."""
        seen: Seen = self._ask("judge", found)
        return seen

    def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        known: tuple[Exactness, ...] = self._ask("exactness")
        return known


def _parts(questions: Questions) -> Iterator[tuple[Questions, dict[int, np.ndarray]]]:
    """Cut questions into some about few candidates each, and say which answers of a peer they are about."""
    for first in range(0, max(len(questions.candidates), 1), _ROWS):
        last = first + _ROWS
        places = {
            peer: np.flatnonzero((rows >= first) & (rows < last)) for peer, rows in questions.rows.items()
        }
        asked = {
            peer: questions.rows[peer][place] - first
            for peer, place in places.items()
            if len(place) or first == 0
        }
        table = questions.candidates.rows(slice(first, last))
        yield Questions(table, asked), {peer: places[peer] for peer in asked}
