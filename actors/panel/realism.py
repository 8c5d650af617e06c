"""How realistic a mistake is, without a referee and without labels of its own: what the peers say they see.

A peer's *features* are what it sees last before it decides: the inputs of its last layer. Among real images
of the mistake's label, each has a nearest neighbour in features. A mistake's realism is the share of them
that lie farther from theirs than the mistake does from its own: 0.5 for a typical image of its class, near 0
for one that lies farther out than almost any. The mistake's own seed is left out, or all would be realistic.

This is a conformal p-value with the distance to the nearest neighbour as the measure of strangeness (Vovk,
Gammerman & Shafer, *Algorithmic Learning in a Random World*), in a perceptual distance like LPIPS's (Zhang et
al. 2018). It says nothing about the label: a digit that has become another one may be realistic.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from outvoted.search.arrays import Bools, Ints, Pixels, Singles

REALISTIC = 0.05
"""The least realism of an image that is called realistic."""
_REAL = 64
"""Real images of a class that a mistake is compared with."""
_FEWEST = 16
"""Where there are not so many of its label, real images of all classes stand in for them."""
_ALL = -1
"""Stands for all these labels, so that one look at the images is enough."""
_LOOKS = 8
"""How often real images are looked at, at most, on some of which a network fails."""


@dataclass(frozen=True)
class FoundImages:
    """n images that searches ended with.

    Attributes:
        images: shape (n, channels, height, width).
        labels, seed_id: shape (n,).
    """

    images: Pixels
    labels: Ints
    seed_id: Ints


@dataclass(frozen=True)
class Seen:
    """What peers say of images.

    Attributes:
        votes: shape (n, classes), each row summing to 1; (peers, n, classes) for a panel.
        realism: shape (n,), 0 to 1, NaN where it is not known; (peers, n) for a panel.
        doubtful: shape (n,), which realism rests on a part of the real images, for the network had no answer
            for the rest, maybe for a moment; (peers, n) for a panel. None where none does.
    """

    votes: Singles
    realism: Singles
    doubtful: Bools | None = None

    @staticmethod
    def together(peers: "list[Seen]") -> "Seen":
        """Join what each peer says."""
        votes, realism = np.stack([one.votes for one in peers]), np.stack([one.realism for one in peers])
        none = np.zeros(realism.shape[1], bool)
        doubtful = np.stack([none if one.doubtful is None else one.doubtful for one in peers])
        return Seen(votes, realism, doubtful if doubtful.any() else None)


class Realism:
    """Real images as one peer sees them; those of a class are looked at when it is first asked about."""

    def __init__(self, labels: Ints, features: Callable[[Ints], torch.Tensor]) -> None:
        """Take the labels of all real images, and what gives the features (n, size) of some by their rows."""
        self._labels, self._features = labels, features
        each, counts = np.unique(labels, return_counts=True)
        self._own = each[counts >= _FEWEST]
        self._known: dict[int, _Real] = {}
        self._looks: Counter[int] = Counter()

    def beside(self, features: Callable[[Ints], torch.Tensor]) -> "Realism":
        """Return the same for the same network, which keeps what was seen of real images without a fault."""
        other = Realism(self._labels, features)
        other._known = {label: real for label, real in self._known.items() if real.whole}
        return other

    def of(self, features: torch.Tensor, labels: Ints, seed_id: Ints) -> Singles:
        """Return the realism of n images, NaN where there are too few real ones; shape (n,).

        Args:
            features: shape (n, size).
            labels: shape (n,), what the images show.
            seed_id: shape (n,), rows of the real images that they were made from.
        """
        found = np.full(len(labels), np.nan, np.float32)
        compared = self._compared(labels)
        for label in np.unique(compared):
            rows, real = np.flatnonzero(compared == label), self._of(int(label))
            known = features.shape[1] == real.features.shape[1]  # not if the network failed on all of either
            if len(real.rows) >= _FEWEST and known:
                found[rows] = real.realism(features[rows], seed_id[rows])
        return found

    def doubtful(self, labels: Ints) -> Bools:
        """Return which of some labels have real images that the network has not answered for yet.

        After so many looks it is taken to have no answer for them.
        """
        return np.array([int(label) not in self._known for label in self._compared(labels)], bool)

    def _compared(self, labels: Ints) -> Ints:
        """Return the labels (n,) with whose real images those of ``labels`` are compared."""
        return np.where(np.isin(labels, self._own), labels, _ALL)

    def _of(self, label: int) -> "_Real":
        if label not in self._known:
            rows = np.arange(len(self._labels)) if label == _ALL else np.flatnonzero(self._labels == label)
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(_REAL, len(rows))).astype(np.int64))]
            real = _Real.of(rows, self._features(rows) if len(rows) else torch.empty(0, 1))
            self._looks[label] += 1
            if not real.whole and self._looks[label] < _LOOKS:
                return real  # a fault that passes must not be remembered
            self._known[label] = real
        return self._known[label]


@dataclass(frozen=True)
class _Real:
    """m real images: their rows, features (m, size), and how far each is from its nearest (m,)."""

    rows: Ints
    features: torch.Tensor
    apart: torch.Tensor

    @property
    def whole(self) -> bool:
        """Whether the network answered for all of them."""
        return not bool(self.features.isnan().any())

    @staticmethod
    def of(rows: Ints, features: torch.Tensor) -> "_Real":
        distance = _distance(features, features).fill_diagonal_(torch.inf)
        return _Real(rows, features, distance.amin(1) if len(rows) else distance.new_empty(0))

    def realism(self, features: torch.Tensor, seed_id: Ints) -> Singles:
        distance = _distance(features, self.features)
        distance[torch.from_numpy(seed_id[:, None] == self.rows[None])] = torch.inf
        nearest = distance.amin(1, keepdim=True)
        share = ((self.apart >= nearest).sum(1) + 1) / (len(self.rows) + 1)
        return share.masked_fill(nearest[:, 0].isnan(), torch.nan).float().numpy()


def _distance(some: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return Euclidean distances (n, m), so coarse that equal ones stay equal however they are summed."""
    return torch.cdist(some, others, compute_mode="donot_use_mm_for_euclid_dist").float()


class WithFeatures(nn.Module):
    """A network that answers logits and, behind them, its features: what its last layer with weights takes.

    Where no layer can be listened to (compiled and exported programs), the logits stand in for them.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits and features, shape (n, classes + size)."""
        heard: list[Any] = [None]

        def listen(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
            heard[0] = inputs[0] if inputs else None

        hooks = [layer.register_forward_pre_hook(listen) for layer in self._layers()]
        try:
            logits: torch.Tensor = self.network(images)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.cat([logits, _flat(heard[0], images, logits).to(logits)], 1)

    def _layers(self) -> list[nn.Module]:
        return [
            layer
            for layer in self.network.modules()
            if not isinstance(layer, torch.jit.ScriptModule)
            and next(layer.parameters(recurse=False), None) is not None
            and next(layer.children(), None) is None
        ]


def _flat(heard: Any, images: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return features as one row for each image; maps and sequences of features are averaged."""
    if not isinstance(heard, torch.Tensor) or heard.ndim < 2 or len(heard) != len(logits):
        return logits
    if heard.shape == images.shape:  # the whole network in one layer, which no one can look into
        return logits
    if heard.ndim == 3:
        return heard.mean(1)
    return heard if heard.ndim == 2 else heard.flatten(2).mean(2)
