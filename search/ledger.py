"""A climb's books: who was asked and what they said, what that cost, which mistakes were found."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles, Texts
from outvoted.search.messages import Candidates, Questions, Replies, TakeGradient
from outvoted.search.strategies import Chosen, Position, Proposals, Votes
from outvoted.search.transforms import Transform

_BACKWARD = 2
"""A backward pass costs about as much as two forward passes."""


@dataclass(frozen=True)
class Ballot:
    """Questions that are out, and what is known already of the same candidates.

    Attributes:
        asked: for each peer that was asked, the rows it was asked about, in order.
        take_gradient: shape (peers, m), a TakeGradient for each; None if no gradients are asked for.
        votes: what the peers have said so far.
        promising: rows put to the voters; None while targets, or the panel about seeds, are asked.
        failure: shape (m,), why a peer has no answer for a row, as the first that failed said; None where
            nothing was said.
    """

    asked: dict[int, Ints]
    take_gradient: NDArray[np.uint8] | None
    votes: Votes
    promising: Ints | None = None
    failure: Texts | None = None

    def differentiated(self, peer: int, label: Ints) -> Bools:
        """Tell for which of the rows it was asked about a peer also took a gradient; ``label`` is (m,)."""
        rows = self.asked[peer]
        if self.take_gradient is None:
            return np.zeros(len(rows), bool)
        correct, wanted = self.votes.predicted[peer, rows] == label[rows], self.take_gradient[peer, rows]
        taken = np.where(correct, wanted == TakeGradient.IF_CORRECT, wanted == TakeGradient.IF_WRONG)
        return np.asarray(taken)

    def why(self, rows: Ints, otherwise: Sequence[str], place: str) -> list[str]:
        """Return why peers have no answers for ``rows``, as they said or else ``otherwise``."""
        said = [""] * len(rows) if self.failure is None else self.failure[rows]
        return [
            f"{text} (on {place})" if text else other for text, other in zip(said, otherwise, strict=True)
        ]

    def collected(self, replies: Replies) -> "Ballot":
        """Add the replies to what has been said; replies of peers come in any order."""
        votes = Votes(*(array.copy() for array in vars(self.votes).values()))
        failure = self.failure
        for peer, rows in self.asked.items():
            answers = replies[peer]
            if answers.failure is not None:
                before = np.full(votes.score.shape[1], "", object) if failure is None else failure
                failure = before.copy()
                failure[rows] = np.where(before[rows] == "", answers.failure, before[rows])
            votes.score[peer, rows], votes.predicted[peer, rows] = answers.score, answers.predicted
            votes.asked[peer, rows] = True
            if answers.gradient is not None:
                votes.gradient[peer, rows] = answers.gradient
        return replace(self, votes=votes, failure=failure)


def empty_votes(peers: int, m: int, size: int) -> Votes:
    """Return the votes before anyone is asked; ``size`` is the length of gradients, 0 without."""
    return Votes(
        np.full((peers, m), np.nan, np.float32),
        np.full((peers, m), -1, np.int16),
        np.zeros((peers, m), bool),
        np.full((peers, m, size), np.nan, np.float32),
    )


def no_ballot() -> Ballot:
    """Ask nothing."""
    return Ballot({}, None, empty_votes(0, 0, 0))


def ask(
    votes: Votes, asked: dict[int, Ints], seed_id: Ints, composed: Floats, take: TakeGradient | Ints
) -> tuple[Ballot, Questions]:
    """Put rows of candidates to peers; those that have nothing to answer are left out.

    ``take`` says of which rows gradients are taken, for all alike or (peers, m); it counts only where the
    votes have room for gradients.
    """
    asked = {peer: rows for peer, rows in asked.items() if len(rows)}
    flags = np.broadcast_to(np.asarray(take, np.uint8), votes.score.shape) if votes.gradient.size else None
    kinds = len(TakeGradient)  # a row that peers are asked about in different ways stands in the table twice
    keys = {peer: rows * kinds + (0 if flags is None else flags[peer, rows]) for peer, rows in asked.items()}
    table = np.unique(np.concatenate([np.empty(0, np.int64), *keys.values()]))
    row, how = table // kinds, (table % kinds).astype(np.uint8)
    candidates = Candidates(
        seed_id[row].astype(np.int32), composed[row].astype(np.float32), None if flags is None else how
    )
    rows = {peer: np.searchsorted(table, key) for peer, key in keys.items()}
    return Ballot(asked, flags, votes), Questions(candidates, rows)


def no_questions() -> Questions:
    """Ask no one."""
    return Questions(Candidates(np.empty(0, np.int32), np.empty((0, 0), np.float32)), {})


@dataclass(frozen=True)
class Tally:
    """Counts of each search, all of shape (n,).

    ``candidates`` are what the sequential procedure would have tried, ``unrealistic`` those of them that
    left the realism budget and were put to no network, ``stale`` those in a row that were not accepted;
    ``inferences_*`` are forward inferences that were really run, speculative ones included and backward
    passes counted as two; ``voted_on`` counts the candidates put to the voters, speculative or not, and
    ``consensus`` those on which all of them agreed.
    """

    candidates: Ints
    unrealistic: Ints
    stale: Ints
    voted_on: Ints
    consensus: Ints
    inferences_target: Ints
    inferences_peers: Ints

    @staticmethod
    def none(n: int) -> "Tally":
        """Count nothing yet."""
        return Tally(*(np.zeros(n, np.int64) for _ in fields(Tally)))

    def spent(self, ballot: Ballot, search: Ints, target: Ints, label: Ints) -> "Tally":
        """Count the inferences of a ballot; searches, targets and labels of its candidates are (m,)."""
        own, others = self.inferences_target.copy(), self.inferences_peers.copy()
        for peer, rows in ballot.asked.items():
            cost = 1 + _BACKWARD * ballot.differentiated(peer, label)
            mine = target[rows] == peer
            np.add.at(own, search[rows[mine]], cost[mine])
            np.add.at(others, search[rows[~mine]], cost[~mine])
        return replace(self, inferences_target=own, inferences_peers=others)

    def counted(self, proposals: Proposals, asked: Ints, consensus: Bools, chosen: Chosen) -> "Tally":
        """Count a round; ``asked`` are the rows put to voters, ``consensus`` (m,) tells where they agreed."""
        tried = chosen.tried(proposals)

        def counts(rows: Bools | Ints) -> Ints:
            return np.bincount(proposals.search[rows], minlength=len(self.candidates))

        stale = self.stale + counts(tried)
        stale[proposals.search[chosen.accepted]] = 0
        return replace(
            self,
            candidates=self.candidates + counts(tried),
            unrealistic=self.unrealistic + counts(tried & ~proposals.realistic),
            stale=stale,
            voted_on=self.voted_on + counts(asked),
            consensus=self.consensus + counts(consensus),
        )


@dataclass(frozen=True)
class Finds:
    """Candidates on which the target is outvoted, before they are verified; in the order they were found.

    Attributes:
        search: shape (f,), which search found each.
        predicted: shape (f,), the target's wrong class.
        score: shape (f,), the target's log-odds of the label.
        composed: shape (f, transform.size).
        trails: for each the moves that lead to it from the seed, shape (moves, parameters).
    """

    search: Ints
    predicted: NDArray[np.int16]
    score: Singles
    composed: Floats
    trails: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.search)

    @staticmethod
    def none(transform: Transform) -> "Finds":
        """Return no finds."""
        none = np.empty(0, np.int64)
        return Finds(none, none.astype(np.int16), none.astype(np.float32), np.empty((0, transform.size)), ())

    @property
    def number(self) -> Ints:
        """Count each search's finds from 0; shape (f,)."""
        order = np.argsort(self.search, kind="stable")
        ranked = self.search[order]
        number = np.empty(len(self), np.int64)
        number[order] = np.arange(len(self)) - np.searchsorted(ranked, ranked)
        return number

    def plus(self, position: Position, proposals: Proposals, votes: Votes, rows: Ints) -> "Finds":
        """Add proposals that are mistakes; ``position`` is where the searches stood when they made them."""
        said = votes.of(proposals.target)
        return Finds(
            np.concatenate([self.search, proposals.search[rows]]),
            np.concatenate([self.predicted, said.predicted[rows]]),
            np.concatenate([self.score, said.score[rows]]),
            np.concatenate([self.composed, proposals.offer.composed[rows]]),
            self.trails + position.trails_to(proposals, rows),
        )
