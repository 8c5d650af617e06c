"""A panel: all peers behind one interface, wherever they live."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch

from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.remembered import Remembered
from outvoted.actors.runs.beats import beat
from outvoted.search.arrays import Ints, Pixels, Singles
from outvoted.search.messages import Candidates, Questions, Replies


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

    @abstractmethod
    def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to all peers: votes, and how realistic each finds them."""

    @abstractmethod
    def exactness(self) -> tuple[Exactness, ...]:
        """Return how each peer's answers were computed so far."""

    def widened(self) -> int:
        """Count how often a peer's bound was widened so far."""
        return sum(one.widened for one in self.exactness())


class LocalPanel(VotingPanel):
    """Peers of this process; those that share a renderer have each candidate rendered once for all."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = tuple(peers)
        shared = len({id(peer.renderer) for peer in peers}) == 1
        self._rendered = Remembered(peers[0].renderer) if shared else None

    @property
    def size(self) -> int:
        """Number of peers."""
        return len(self._peers)

    def ask(self, questions: Questions) -> Replies:
        """Render what is asked about, put it to each peer that is asked, then have all of them answer."""
        rows = questions.rows
        if self._rendered is None or not rows:
            return {peer: self._peers[peer].ask(questions.of(peer)) for peer in rows}
        logits = self._logits(questions, self._rendered)
        return {peer: self._peers[peer].answers(questions.of(peer), logits[peer]) for peer in rows}

    def vote(self, images: Pixels) -> Singles:
        """Put images to every peer; shape (peers, n, classes)."""
        return np.stack([peer.vote(images) for peer in self._peers])

    def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to every peer."""
        return Seen.together([peer.judge(found) for peer in self._peers])

    def classify(self, images: Pixels) -> Ints:
        """Return the class that every peer sees in each image, -1 where it fails; shape (peers, n)."""
        return np.stack([peer.classify(images) for peer in self._peers])

    def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        return tuple(peer.exactness() for peer in self._peers)

    def _logits(self, questions: Questions, rendered: Remembered) -> dict[int, torch.Tensor]:
        """Return what each peer computes fast for its rows; a part of the table is rendered at a time."""
        if len(questions.rows) == 1:
            ((peer, rows),) = questions.rows.items()
            return {peer: self._alone(peer, questions.candidates.rows(rows), rendered)}
        wanted = np.unique(np.concatenate(list(questions.rows.values())))
        place = {peer: np.searchsorted(wanted, rows) for peer, rows in questions.rows.items()}
        found: dict[int, list[torch.Tensor]] = {
            peer: [torch.empty(0, 0)] * (not len(rows)) for peer, rows in place.items()
        }
        order: dict[int, list[Ints]] = {peer: [] for peer in place}
        for part in self._peers[0].renderer.parts(len(wanted)):
            beat()
            inputs = rendered.inputs(questions.candidates.rows(wanted[part]))
            for peer, rows in place.items():
                own = np.flatnonzero((rows >= part.start) & (rows < part.stop))
                if len(own):
                    found[peer].append(self._peers[peer].logits(_chosen(inputs, rows[own] - part.start)))
                    order[peer].append(own)
        return {peer: _ordered(parts, order[peer]) for peer, parts in found.items()}

    def _alone(self, peer: int, candidates: Candidates, rendered: Remembered) -> torch.Tensor:
        """Return what one peer computes, who alone is asked: so are voters, one after another."""
        logits = []
        for part in self._peers[peer].renderer.parts(len(candidates)):
            beat()
            logits.append(self._peers[peer].logits(rendered.inputs(candidates.rows(part))))
        return torch.cat(logits) if logits else torch.empty(0, 0)


def _chosen(inputs: torch.Tensor, rows: Ints) -> torch.Tensor:
    """Return some rows, without copying them where they lie in a row."""
    first, n = int(rows[0]), len(rows)
    if np.array_equal(rows, np.arange(first, first + n)):
        return inputs[first : first + n]
    return inputs.index_select(0, torch.from_numpy(rows).to(inputs.device))


def _ordered(parts: Sequence[torch.Tensor], rows: Sequence[Ints]) -> torch.Tensor:
    """Join parts whose rows belong at the places ``rows``."""
    if len(parts) == 1:
        return parts[0]
    return torch.cat(list(parts))[torch.from_numpy(np.argsort(np.concatenate(rows)))]
