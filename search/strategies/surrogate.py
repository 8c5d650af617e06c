"""What the peers would say between the points where they were asked.

Each peer's score is interpolated from its first-order Taylor expansions at the points asked so far, weighted
by distance: Shepard, "A two-dimensional interpolation function for irregularly-spaced data" (1968), with
gradients as in its section 5. Written as sums over points and terms, so that every row is computed alike
whatever its company.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from outvoted.search.arrays import Bools, Floats, Ints

_NEAR = 1e-3  # keeps weights finite where a point was asked


@dataclass(frozen=True)
class Surrogate:
    """Scores of n searches' peers at a points each.

    Attributes:
        knobs: shape (n, a, k).
        score: shape (n, a, peers).
        gradient: shape (n, a, peers, k), gradients of ``score`` with respect to knobs.
        known: shape (n, a, peers), 1 where a peer was asked, else 0; at least one point of each peer.
    """

    knobs: Floats
    score: Floats
    gradient: Floats
    known: Floats

    def rows(self, chosen: Ints) -> "Surrogate":
        """Return the chosen searches."""
        return Surrogate(*(getattr(self, part.name)[chosen] for part in fields(self)))

    def at(self, knobs: Floats) -> tuple[Floats, Floats, Floats]:
        """Return scores (n, peers) at knobs (n, k), their gradients and the points' mean (n, peers, k)."""
        layers = self._layers
        away = np.ascontiguousarray(knobs.T)[:, None] - layers.knobs
        distance, expansion = np.full(away.shape[1:], _NEAR), layers.score.copy()
        for axis, step in enumerate(away):
            distance += step**2
            expansion += layers.gradient[axis] * step[:, :, None]
        weight = layers.known / (distance * np.sqrt(distance))[:, :, None]
        weights = weight.sum(axis=0)
        score = (weight * expansion).sum(axis=0) / weights
        pull = -3.0 * weight * (expansion - score) / distance[:, :, None]
        gradient, mean = np.empty((2, *score.shape, knobs.shape[1]))
        for axis, step in enumerate(away):
            mean[:, :, axis] = (weight * layers.gradient[axis]).sum(axis=0) / weights
            gradient[:, :, axis] = mean[:, :, axis] + (pull * step[:, :, None]).sum(axis=0) / weights
        return score, gradient, mean

    @cached_property
    def _layers(self) -> "_Layers":
        """The same numbers point by point: sums over points then add whole layers, always in their order."""
        return _Layers(
            np.ascontiguousarray(self.knobs.transpose(2, 1, 0)),
            np.ascontiguousarray(self.score.transpose(1, 0, 2)),
            np.ascontiguousarray(self.gradient.transpose(3, 1, 0, 2)),
            np.ascontiguousarray(self.known.transpose(1, 0, 2)),
        )


@dataclass(frozen=True)
class _Layers:
    """Shapes (k, a, n), (a, n, peers), (k, a, n, peers) and (a, n, peers)."""

    knobs: Floats
    score: Floats
    gradient: Floats
    known: Floats


def loss(
    score: Floats, gradient: Floats, target: Bools, voter: Bools, margin: float
) -> tuple[Floats, Floats]:
    """Return how far n candidates are from being mistakes by a margin, and the gradient of that.

    The target's log-odds of the label should be below -margin, every voter's above margin; what is missing is
    added up.

    Args:
        score: shape (n, peers).
        gradient: shape (n, peers, k).
        target: shape (n, peers).
        voter: shape (n, peers).
        margin: log-odds.

    Returns:
        Losses (n,) and their gradients (n, k).
    """
    high, low = target & (score > -margin), voter & (score < margin)
    pull = high.astype(np.float64) - low
    missing = np.where(high, score + margin, 0.0) + np.where(low, margin - score, 0.0)
    total, uphill = np.zeros(len(score)), np.zeros((len(score), gradient.shape[2]))
    for peer in range(score.shape[1]):
        total += missing[:, peer]
        uphill += pull[:, peer, None] * gradient[:, peer]
    return total, uphill
