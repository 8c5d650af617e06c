"""Following gradients through the transform: the paper's future work.

What the peers would say between the points where they were asked is modelled: each peer's score is
interpolated from its first-order Taylor expansions at the points asked so far, weighted by distance. Shepard,
"A two-dimensional interpolation function for irregularly-spaced data" (1968), with gradients as in its
section 5. Written as sums over points and terms, so that every row is computed alike whatever its company.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import Bools, Floats, Ints, RowArrays
from outvoted.search.consensus import is_voter
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard
from outvoted.search.strategies.acceptance import BestOfGeneration, wrong
from outvoted.search.strategies.base import (
    Acceptance,
    Memory,
    Offer,
    Position,
    Proposals,
    Proposer,
    Strategy,
    Votes,
    placed,
)
from outvoted.search.strategies.generational import refuse_without_knobs, written
from outvoted.search.transforms import Transform

_STEP = 1e-4  # of the knobs' range, for the gradient of a composed transform with respect to its knobs
_ADAM = (0.9, 0.999, 1e-8)
_CROWD = 0.75  # share of searches still descending below which the others are left behind
_NEAR = 1e-3  # keeps weights finite where a point was asked


@dataclass(frozen=True)
class Surrogate(RowArrays):
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


class Gradient(Strategy, Proposer):
    """Model every peer's score over the budget from its gradients; try where the model sees a mistake.

    Baluja, Covell & Sukthankar, section 6, propose derivatives through a transformation layer. Here every
    peer is asked for the gradient of its score at the seed, later on the target where it is still correct and
    the voters where they lose the label. Between candidates the search moves on the model alone, which costs
    no inference: it descends (Adam, Kingma & Ba 2014) towards the knobs at which the target would be wrong
    and all voters correct by a margin.
    """

    kind: Literal["gradient"] = "gradient"
    steps: Annotated[int, Field(ge=1, le=256)] = 24
    """Candidates of a search at most."""
    margin: Annotated[float, Field(gt=0)] = 1.0
    """Log-odds by which the model should see the target wrong and the voters correct."""
    hopeless: Annotated[float, Field(gt=0)] = 1.6
    """Give up if the model misses the margins by more log-odds than this, added up over the peers..."""
    trial: Annotated[int, Field(ge=0, le=256)] = 5
    """... after so many candidates."""
    descent: Annotated[int, Field(ge=1, le=1000)] = 80
    """Steps on the model between two candidates at most."""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Length of these steps, as a share of each knob's range."""
    gradients: ClassVar[bool] = True
    acceptance: ClassVar[Acceptance] = BestOfGeneration(wrong)  # each candidate is a generation of one

    @property
    def proposer(self) -> Proposer:
        """The strategy itself: all settings are the proposer's."""
        return self

    def check(self, transform: Transform) -> None:
        """Refuse transforms without knobs or without gradients."""
        refuse_without_knobs(self.label, transform)
        if not transform.differentiable:
            raise OutvotedError(
                expected="a differentiable transform for the strategy 'gradient'",
                found=f"one that is not: {transform!r}"[:200],
                remedy="choose another search.strategy.kind, or another search.transform",
            )

    def draws(self, transform: Transform) -> int:
        """Nothing is drawn at random."""
        return 0

    def sittings(self, order: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Ask all voters at once: each is modelled."""
        return (order,)

    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Model the scores from their values and gradients at the seed."""
        n, peers, points, k = len(shard), len(votes.score), self.steps + 1, transform.knobs
        voter = is_voter(peers, shard.target, shard.voters).T
        memory: Memory = {
            "target": np.arange(peers) == shard.target[:, None],
            "voter": voter,
            "count": np.zeros(n, np.int64),
            "knobs": np.zeros((n, points, k)),
            "score": np.zeros((n, points, peers)),
            "gradient": np.zeros((n, points, peers, k)),
            "known": np.zeros((n, points, peers)),
            "next": np.tile(np.array(transform.home), (n, 1)),
            "loss": np.zeros(n),
        }
        offer = placed(transform, memory["next"])
        return self._with_point(transform, memory, np.arange(n), offer, votes)

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Try one candidate, unless steps or hope are used up, or the model knows no better place to go."""
        tried = memory["count"][search] - 1
        hopeless = (tried >= self.trial) & (memory["loss"][search] > self.hopeless)
        stuck = (memory["next"][search] == memory["knobs"][search, tried]).all(axis=1)
        return np.where((tried < self.steps) & ~hopeless & ~stuck, 1, 0)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Place the candidate that the model chose."""
        return placed(transform, memory["next"][search])

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Add what was said to the model, and choose the next candidate."""
        return self._with_point(transform, memory, proposals.search, proposals.offer, votes)

    def _with_point(
        self, transform: Transform, memory: Memory, search: Ints, offer: Offer, votes: Votes
    ) -> Memory:
        """Add the votes on one candidate for each of ``search`` (s,) to the model and look for the next.

        A peer that gave its score alone is taken to have the gradient that the model thought.
        """
        known = {name: array[search] for name, array in memory.items()}
        rows, point = np.arange(len(search)), known["count"]
        said = np.isfinite(votes.score.T)
        score = np.where(said, votes.score.T, 0.0)
        chain = _jacobian(transform, offer.knobs)
        gradient = np.zeros((*score.shape, transform.knobs))
        for number in range(transform.size):
            gradient += votes.gradient[:, :, number].T[:, :, None].astype(np.float64) * chain[:, None, number]
        taken: Bools = np.asarray(np.isfinite(gradient).all(axis=2))
        if (point > 0).any():
            believed = _surrogate(known).at(offer.knobs)[2]
            gradient = np.where(taken[:, :, None], gradient, believed)
        known["knobs"][rows, point], known["score"][rows, point] = offer.knobs, score
        known["gradient"][rows, point] = np.where(np.isfinite(gradient), gradient, 0.0)
        known["known"][rows, point] = said | (point == 0)[:, None]  # a search whose seed broke has ended
        known["count"] = point + 1
        known["next"], known["loss"] = self._descend(known)
        return written(memory, search, known)

    def _descend(self, known: Memory) -> tuple[Floats, Floats]:
        """Descend on the model from the latest point; return the best knobs seen (s, k) and their loss.

        A search stops where nothing is missing any more: the model is best near the points it knows.
        """
        model, (first, second, tiny) = _surrogate(known), _ADAM
        knobs = known["knobs"][np.arange(len(known["count"])), known["count"] - 1]
        speed, square = np.zeros_like(knobs), np.zeros_like(knobs)
        best, least = knobs.copy(), np.full(len(knobs), np.inf)
        going, target, voter = np.arange(len(knobs)), known["target"], known["voter"]
        for step in range(1, self.descent + 1):
            score, gradient, _ = model.at(knobs)
            missing, uphill = loss(score, gradient, target, voter, self.margin)
            better = missing < least[going]
            best[going[better]], least[going[better]] = knobs[better], missing[better]
            speed = first * speed + (1 - first) * uphill
            square = second * square + (1 - second) * uphill**2
            ahead = (speed / (1 - first**step)) / (np.sqrt(square / (1 - second**step)) + tiny)
            knobs = np.clip(knobs - self.rate * ahead, 0.0, 1.0)
            left = np.flatnonzero(least[going] > 0)
            if len(left) < _CROWD * len(going):  # taking rows out has its price too
                if not len(left):
                    break
                going, model, target, voter = going[left], model.rows(left), target[left], voter[left]
                knobs, speed, square = knobs[left], speed[left], square[left]
        return best, least


def _surrogate(known: Memory) -> Surrogate:
    """Return the model of searches, with as many points as the furthest of them has."""
    points = int(known["count"].max(initial=1))
    return Surrogate(*(known[name][:, :points] for name in ("knobs", "score", "gradient", "known")))


def _jacobian(transform: Transform, knobs: Floats) -> Floats:
    """Return the gradient of composed transforms with respect to knobs (m, k), shape (m, size, k)."""
    columns = []
    for knob in range(transform.knobs):
        low, high = knobs.copy(), knobs.copy()
        low[:, knob] = np.maximum(low[:, knob] - _STEP, 0.0)
        high[:, knob] = np.minimum(high[:, knob] + _STEP, 1.0)
        width = (high[:, knob] - low[:, knob])[:, None]
        columns.append((placed(transform, high).composed - placed(transform, low).composed) / width)
    return np.stack(columns, axis=2)
