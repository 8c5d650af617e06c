"""A panel without networks: every answer is plain arithmetic on one row, whatever else travels with it."""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Floats, Ints, Singles
from outvoted.search.messages import Answers, Candidates, Questions, Replies, TakeGradient, asked_in_turn

CLASSES = 3
SEEDS = 60
DISPUTED = 7
"""One of so many seeds is disputed by one of the peers."""
STEP = 1 / 16
"""Scores are multiples of this, so that candidates often score exactly what their position scores."""


class Row(NamedTuple):
    """One candidate that one peer was asked about."""

    peer: int
    seed_id: int
    composed: tuple[float, ...]


def nothing_breaks(row: Row) -> bool:
    """The sound panel."""
    return False


def questions_of(parts: Mapping[int, Candidates]) -> Questions:
    """Ask each peer about candidates of its own; at least one peer."""
    ends = np.cumsum([0, *map(len, parts.values())])
    rows = {peer: np.arange(ends[k], ends[k + 1]) for k, peer in enumerate(parts)}
    return Questions(Candidates.joined(list(parts.values())), rows)


def parts_of(questions: Questions) -> dict[int, Candidates]:
    """What each peer is asked about."""
    return {peer: questions.of(peer) for peer in questions.rows}


def rows_of(questions: Questions) -> list[Row]:
    """Every candidate with the peer that is asked about it."""
    return [row for peer, part in parts_of(questions).items() for row in _rows(peer, part)]


def _rows(peer: int, candidates: Candidates) -> list[Row]:
    places = zip(candidates.seed_id.tolist(), candidates.composed.tolist(), strict=True)
    return [Row(peer, seed_id, tuple(composed)) for seed_id, composed in places]


def label_of(seed_id: Ints) -> Ints:
    """The labels of seeds; there are SEEDS of them."""
    return seed_id % CLASSES


class FakePanel:
    """Peers that are linear in the composed transform, partly alike; ``asked`` keeps every row they saw.

    Where ``breaks`` says so a peer's score is ``wreck``, and its class is the label: the worst case, since
    what is broken then looks like agreement. ``differentiated`` keeps the rows whose gradient was taken.
    """

    def __init__(
        self,
        identity: Floats,
        peers: int = 3,
        breaks: Callable[[Row], bool] = nothing_breaks,
        wreck: float = math.nan,
    ) -> None:
        self._identity = tuple(identity.tolist())
        self.peers = peers
        self._breaks = breaks
        self._wreck = np.float32(wreck)
        self._weights = [
            [_weights(peer, peers, seed, len(self._identity)) for seed in range(SEEDS)]
            for peer in range(peers)
        ]
        self.asked: list[Row] = []
        self.differentiated: list[Row] = []

    def ask(self, questions: Questions) -> Replies:
        """Have peers take turns."""
        return asked_in_turn(self.at_once, questions)

    def at_once(self, questions: Questions) -> Replies:
        """Ask all peers at once."""
        return {peer: self._answers(peer, part) for peer, part in parts_of(questions).items()}

    def still(self, peer: int, seed_id: int) -> Row:
        """A question about an untouched seed."""
        return Row(peer, seed_id, self._identity)

    def answer(self, row: Row) -> tuple[np.float32, int]:
        """Return the log-odds of the label and the class; off the record."""
        label = row.seed_id % CLASSES
        if self._breaks(row):
            return self._wreck, label
        own, *others = self._logits(row)
        odds = own - math.log(sum(math.exp(other) for other in others))
        place = max(range(CLASSES), key=lambda place: [own, *others][place])
        return np.float32(round(odds / STEP) * STEP), (label + place) % CLASSES

    def gradient(self, row: Row) -> list[float]:
        """Return the gradient of the log-odds of the label, before they are rounded to whole steps."""
        if self._breaks(row):
            return [math.nan] * len(row.composed)
        _, *others = (math.exp(logit) for logit in self._logits(row))
        (_, own), *theirs = self._weights[row.peer][row.seed_id]
        return [
            own[k]
            - sum(share * gradient[k] for share, (_, gradient) in zip(others, theirs, strict=True))
            / sum(others)
            for k in range(len(own))
        ]

    def _logits(self, row: Row) -> list[float]:
        away = [now - still for now, still in zip(row.composed, self._identity, strict=True)]
        return [
            bias + sum(weight * value for weight, value in zip(gradient, away, strict=True))
            for bias, gradient in self._weights[row.peer][row.seed_id]
        ]

    def _answers(self, peer: int, candidates: Candidates) -> Answers:
        rows = _rows(peer, candidates)
        self.asked += rows
        answers = [self.answer(row) for row in rows]
        return Answers(
            np.array([score for score, _ in answers], np.float32),
            np.array([predicted for _, predicted in answers], np.int16),
            None if candidates.take_gradient is None else self._gradients(rows, candidates.take_gradient),
        )

    def _gradients(self, rows: list[Row], wanted: NDArray[np.uint8]) -> Singles:
        """Take gradients where they are asked for."""
        gradients = np.full((len(rows), len(self._identity)), np.nan, np.float32)
        for k, row in enumerate(rows):
            right = self.answer(row)[1] == row.seed_id % CLASSES
            if wanted[k] == (TakeGradient.IF_CORRECT if right else TakeGradient.IF_WRONG):
                gradients[k] = self.gradient(row)
                self.differentiated.append(row)
        return gradients


def _weights(peer: int, peers: int, seed: int, size: int) -> list[tuple[float, tuple[float, ...]]]:
    """Return (bias, gradient) of each class's logit, the label's first; peers share part of the gradient."""
    disputes = seed % DISPUTED == 0 and seed // DISPUTED % peers == peer
    common, own = Random(f"seed {seed}"), Random(f"seed {seed} peer {peer}")
    logits = []
    for place in range(CLASSES):
        bias = own.uniform(1.5, 3.5) if place == 0 else own.uniform(-1.0, 1.0)
        gradient = tuple(common.gauss(0, 0.8) + own.gauss(0, 1.6) for _ in range(size))
        logits.append((bias - 6.0 * (disputes and place == 0), gradient))
    return logits
