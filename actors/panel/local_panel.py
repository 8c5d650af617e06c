"""A panel inside this process."""

from collections.abc import Sequence

import numpy as np

from outvoted.actors.panel.panel import Panel
from outvoted.actors.panel.peer import Peer
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Questions, Replies


class LocalPanel(Panel):
    """Peers that are asked one after the other: for tests, replays and pictures."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = tuple(peers)

    @property
    def size(self) -> int:
        """Number of peers."""
        return len(self._peers)

    def ask(self, questions: Questions) -> Replies:
        """Ask each peer about its candidates."""
        return {peer: self._peers[peer].ask(candidates) for peer, candidates in questions.items()}

    def vote(self, images: Pixels) -> Singles:
        """Put images to every peer; shape (peers, n, classes)."""
        return np.stack([peer.vote(images) for peer in self._peers])
