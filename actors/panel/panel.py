"""A panel: all peers behind one interface, wherever they live."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from outvoted.actors.panel.peer import Peer
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Questions, Replies


class VotingPanel(ABC):
    """N peers that answer together. Answers depend on the rows asked about, never on what travels along."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of peers."""

    @abstractmethod
    def ask(self, questions: Questions) -> Replies:
        """Put to each peer the candidates meant for it; every peer asked replies, row by row."""

    @abstractmethod
    def vote(self, images: Pixels) -> Singles:
        """Put images to all peers.

        Args:
            images: shape (n, channels, height, width), uint8.

        Returns:
            Every peer's probabilities, shape (peers, n, classes).
        """


class LocalPanel(VotingPanel):
    """Peers that are asked one after the other: for tests, replays and pictures."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = tuple(peers)

    @property
    def size(self) -> int:
        """Number of peers."""
        return len(self._peers)

    def ask(self, questions: Questions) -> Replies:
        """Ask each peer about its candidates."""
        return {peer: self._peers[peer].ask(questions.of(peer)) for peer in questions.rows}

    def vote(self, images: Pixels) -> Singles:
        """Put images to every peer; shape (peers, n, classes)."""
        return np.stack([peer.vote(images) for peer in self._peers])
