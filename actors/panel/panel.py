"""The panel: all peers behind one interface, wherever they live."""

from abc import ABC, abstractmethod

from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Questions, Replies


class Panel(ABC):
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
