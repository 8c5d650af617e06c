"""What travels between a search and its panel: parameters out, votes back."""

from collections.abc import Callable, Generator, Mapping, Sequence
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
class InTurn:
    """In which order peers are asked, none of them about a candidate to which one before has objected.

    Attributes:
        labels: of the table's rows; who answers another class objects.
        of: for each peer that is asked, in which turn it is asked about each of its rows, counted from 0.
    """

    labels: Ints
    of: Mapping[int, Ints]


@dataclass(frozen=True)
class Questions:
    """One table of candidates, and which rows of it each peer is asked about.

    So whoever has several peers at hand renders a candidate once for all of them.

    Attributes:
        candidates: the table.
        rows: for each peer that is asked, by its index in the panel, rows of the table, in any order; peers
            that have nothing to answer are left out.
        turns: None if all peers are asked at once. A panel does that in any case: turns are taken by who asks
            it, as :func:`in_turn` says.
    """

    candidates: Candidates
    rows: Mapping[int, Ints]
    turns: InTurn | None = None

    def __bool__(self) -> bool:
        return bool(self.rows)

    def of(self, peer: int) -> Candidates:
        """Return what one peer is asked about."""
        return self.candidates.rows(self.rows[peer])


Replies = Mapping[int, Answers]
"""For each peer that was asked, its answers, row by row of what it was asked about."""

UNASKED = -2
"""What a peer is said to have predicted where its turn did not come: somebody had objected before."""


def in_turn(questions: Questions) -> Generator[Questions, Replies, Replies]:
    """Yield what is to be asked, turn by turn, take what is answered, and return the replies to the whole."""
    turns, table = questions.turns, questions.candidates
    if turns is None:
        return (yield questions)
    opposed = np.zeros(len(table), bool)
    heard: dict[int, list[tuple[Ints, Answers]]] = {peer: [] for peer in questions.rows}
    for turn in range(1 + max((int(of.max(initial=-1)) for of in turns.of.values()), default=-1)):
        places = {
            peer: np.flatnonzero((turns.of[peer] == turn) & ~opposed[rows])
            for peer, rows in questions.rows.items()
        }
        asked = {peer: questions.rows[peer][some] for peer, some in places.items() if len(some)}
        if not asked:
            continue
        replies = yield Questions(table, asked)
        for peer, rows in asked.items():
            heard[peer].append((places[peer], replies[peer]))
            opposed[rows] |= replies[peer].predicted != turns.labels[rows]
    return {peer: _spread(len(rows), heard[peer], table) for peer, rows in questions.rows.items()}


def asked_in_turn(ask: Callable[[Questions], Replies], questions: Questions) -> Replies:
    """Put questions to a panel turn by turn; ``ask`` puts to each peer at once what it is given."""
    steps = in_turn(questions)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(ask(asked))
    except StopIteration as end:
        replies: Replies = end.value
        return replies


def asked_first(waiting: Sequence[Questions]) -> list[int]:
    """Choose what is put to a panel next, as one: what is asked at once, if that is half of it; else all.

    So shards that need voters wait until most do, and each voter is asked about all of them together.
    """
    at_once = [place for place, questions in enumerate(waiting) if questions.turns is None]
    return at_once if 2 * len(at_once) >= len(waiting) else list(range(len(waiting)))


def _spread(n: int, heard: Sequence[tuple[Ints, Answers]], table: Candidates) -> Answers:
    """Put what was answered to its places among n rows; the others are :data:`UNASKED`."""
    if len(heard) == 1 and len(heard[0][0]) == n:
        return heard[0][1]
    score, predicted = np.full(n, np.nan, np.float32), np.full(n, UNASKED, np.int16)
    take = table.take_gradient
    gradient = None if take is None else np.full((n, table.composed.shape[1]), np.nan, np.float32)
    failure = np.full(n, "", object) if any(said.failure is not None for _, said in heard) else None
    for places, said in heard:
        score[places], predicted[places] = said.score, said.predicted
        if gradient is not None and said.gradient is not None:
            gradient[places] = said.gradient
        if failure is not None and said.failure is not None:
            failure[places] = said.failure
    return Answers(score, predicted, gradient, failure)


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
        _turns_together(asked, peers),
    )


def _turns_together(asked: Sequence[Questions], peers: Sequence[int]) -> InTurn | None:
    """Join turns; what is asked without any is asked in the first."""
    if all(questions.turns is None for questions in asked):
        return None
    labels = [
        np.full(len(questions.candidates), -1) if questions.turns is None else questions.turns.labels
        for questions in asked
    ]
    of = {
        peer: np.concatenate(
            [
                np.zeros(len(part.rows[peer]), np.int64) if part.turns is None else part.turns.of[peer]
                for part in asked
                if peer in part.rows
            ]
        )
        for peer in peers
    }
    return InTurn(np.concatenate(labels), of)


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
