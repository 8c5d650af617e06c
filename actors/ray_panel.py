"""A panel of Ray actors, one for each peer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import ray

from outvoted.actors.panel import Panel
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Candidates, Questions, Replies

MESSAGE_ROWS = 3072
"""Candidates in one call: under the 100 KB up to which Ray sends arguments inline."""


class RayPanel(Panel):
    """Peers that answer at the same time, each in its own actor (see :mod:`outvoted.actors.ray_peer`)."""

    def __init__(self, peers: Sequence[Any]) -> None:
        self._peers = tuple(peers)

    @property
    def size(self) -> int:
        """Number of peers."""
        return len(self._peers)

    def ask(self, questions: Questions) -> Replies:
        """Ask all peers at once and wait for all of them."""
        calls = [
            (peer, self._peers[peer].ask.remote(part))
            for peer, candidates in questions.items()
            for part in _parts(candidates)
        ]
        replies: dict[int, list[Answers]] = {peer: [] for peer in questions}
        for (peer, _), answers in zip(calls, ray.get([ref for _, ref in calls]), strict=True):
            replies[peer].append(answers)
        return {peer: _joined(parts) for peer, parts in replies.items()}

    def vote(self, images: Pixels) -> Singles:
        """Put images, placed in the object store once, to all peers; shape (peers, n, classes)."""
        placed = ray.put(images)
        return np.stack(ray.get([peer.vote.remote(placed) for peer in self._peers]))


def _parts(candidates: Candidates) -> list[Candidates]:
    firsts = range(0, max(len(candidates), 1), MESSAGE_ROWS)
    return [candidates.rows(slice(first, first + MESSAGE_ROWS)) for first in firsts]


def _joined(parts: Sequence[Answers]) -> Answers:
    if len(parts) == 1:
        return parts[0]
    return Answers(
        np.concatenate([part.score for part in parts]), np.concatenate([part.predicted for part in parts])
    )
