"""What the peers would say between the points where they were asked.

Each peer's score is interpolated from its first-order Taylor expansions at the points asked so far, weighted
by distance: Shepard, "A two-dimensional interpolation function for irregularly-spaced data" (1968), with
gradients as in its section 5. Written as sums over points and terms, so that every row is computed alike
whatever its company.
"""

from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import Bools, Floats

_NEAR = 1e-3  # keeps weights finite where a point was asked


@dataclass(frozen=True)
class Surrogate:
    """Scores of n searches' peers at a points each.

    Attributes:
        knobs: shape (n, a, k).
        score: shape (n, a, peers).
        slope: shape (n, a, peers, k), gradients of ``score`` with respect to knobs.
        known: shape (n, a, peers), 1 where a peer was asked, else 0; at least one point of each peer.
    """

    knobs: Floats
    score: Floats
    slope: Floats
    known: Floats

    def at(self, knobs: Floats) -> tuple[Floats, Floats, Floats]:
        """Return at knobs (n, k) scores (n, peers), their gradients and mean slopes (n, peers, k)."""
        n, points, peers = self.score.shape
        k = knobs.shape[1]
        total, weights = np.zeros((n, peers)), np.zeros((n, peers))
        by_slope, by_weight = np.zeros((n, peers, k)), np.zeros((n, peers, k))
        weight_slopes = np.zeros((n, peers, k))
        for point in range(points):
            away = knobs - self.knobs[:, point]
            distance, expansion = np.full(n, _NEAR), self.score[:, point].copy()
            for axis in range(k):
                distance += away[:, axis] ** 2
                expansion += self.slope[:, point, :, axis] * away[:, axis, None]
            weight = self.known[:, point] / (distance * np.sqrt(distance))[:, None]
            fall = (-3.0 * weight / distance[:, None])[:, :, None] * away[:, None]
            total += weight * expansion
            weights += weight
            by_slope += weight[:, :, None] * self.slope[:, point]
            by_weight += fall * expansion[:, :, None]
            weight_slopes += fall
        score, mean = total / weights, by_slope / weights[:, :, None]
        gradient = mean + (by_weight - score[:, :, None] * weight_slopes) / weights[:, :, None]
        return score, gradient, mean


def loss(
    score: Floats, gradient: Floats, target: Bools, voter: Bools, margin: float
) -> tuple[Floats, Floats]:
    """Return how far n candidates are from being mistakes by a margin, and the gradient of that.

    The target's log-odds of the label should be below -margin, every voter's above margin; what is missing is
    added up. A thousandth of the target's score is added and a ten-thousandth of the voters' taken off, so
    that there is a slope everywhere.

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
    pull = np.where(target, 1e-3, np.where(voter, -1e-4, 0.0)) + high - low.astype(np.float64)
    missing = np.where(high, score + margin, 0.0) + np.where(low, margin - score, 0.0)
    missing += 1e-3 * np.where(target, score, 0.0) - 1e-4 * np.where(voter, score, 0.0)
    total, slope = np.zeros(len(score)), np.zeros((len(score), gradient.shape[2]))
    for peer in range(score.shape[1]):
        total += missing[:, peer]
        slope += pull[:, peer, None] * gradient[:, peer]
    return total, slope
