"""What travels between a search and its panel: parameters out, votes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Floats, Ints, RowArrays, Singles, Texts


class TakeGradient(IntEnum):
    """For which candidates a peer is asked for the gradient of its score too."""

    NEVER = 0
    IF_CORRECT = 1
    """Where its class is the label."""
    IF_WRONG = 2
    """Where its class is another one."""


@dataclass(frozen=True)
class Candidates(RowArrays):
    """Seeds with composed moves, as they are sent to a peer.

    Attributes:
        seed_id: shape (n,), int32, rows of the seed data set.
        composed: shape (n, transform.size), float32, what the transform renders from.
        take_gradient: shape (n,), uint8, a TakeGradient for each; None if no gradients are asked for at all.
    """

    seed_id: NDArray[np.int32]
    composed: Singles
    take_gradient: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Answers(RowArrays):
    """One peer's answers to candidates, reduced to what a decision needs.

    Attributes:
        score: shape (n,), float32, log-odds of the seed's label, ``log(p / (1 - p))``. It orders
            candidates exactly as the output activation p does, but does not saturate where p rounds to 1.
        predicted: shape (n,), int16, the class with the largest output.
        gradient: shape (n, transform.size), float32, the gradient of ``score`` with respect to ``composed``,
            NaN where it was not asked for; None if it was asked for nowhere.
        failure: shape (n,), why there is no answer, "" where there is one; None if nothing is said of that.
    """

    score: Singles
    predicted: NDArray[np.int16]
    gradient: Singles | None = None
    failure: Texts | None = None


@dataclass(frozen=True)
class Questions:
    """One table of candidates, and which rows of it each peer is asked about.

    So whoever has several peers at hand renders a candidate once for all of them.

    Attributes:
        candidates: the table.
        rows: for each peer that is asked, by its index in the panel, rows of the table, in any order; peers
            that have nothing to answer are left out.
    """

    candidates: Candidates
    rows: Mapping[int, Ints]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def of(self, peer: int) -> Candidates:
        """Return what one peer is asked about."""
        return self.candidates.rows(self.rows[peer])


Replies = Mapping[int, Answers]
"""For each peer that was asked, its answers, row by row of what it was asked about."""


def together(asked: Sequence[Questions]) -> Questions:
    """Join questions (at least one of them) into one table, in their order."""
    if len(asked) == 1:
        return asked[0]
    first = np.cumsum([0, *(len(questions.candidates) for questions in asked)])
    peers = sorted({peer for questions in asked for peer in questions.rows})
    parts = list(zip(asked, first, strict=False))
    return Questions(
        Candidates.joined([questions.candidates for questions in asked]),
        {
            peer: np.concatenate([start + part.rows[peer] for part, start in parts if peer in part.rows])
            for peer in peers
        },
    )


def apart(asked: Sequence[Questions], replies: Replies) -> list[Replies]:
    """Hand each of the joined questions its own replies."""
    if len(asked) == 1:
        return [replies]
    first = dict.fromkeys(replies, 0)
    return [
        {peer: _next(replies[peer], first, peer, len(rows)) for peer, rows in questions.rows.items()}
        for questions in asked
    ]


def _next(answers: Answers, first: dict[int, int], peer: int, count: int) -> Answers:
    rows = slice(first[peer], first[peer] + count)
    first[peer] = rows.stop
    return answers.rows(rows)


def probability(score: AnyArray) -> Floats:
    """Turn log-odds into probabilities in [0, 1]."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -700.0, 700.0).astype(np.float64))))
