"""Putting candidates to the peers of a panel and collecting what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Texts
from outvoted.search.messages import Candidates, Questions, Replies, Slope
from outvoted.search.strategies.base import Votes


@dataclass(frozen=True)
class Ballot:
    """Questions that are out, and what is known already of the same candidates.

    Attributes:
        asked: for each peer that was asked, the rows it was asked about, in order.
        slope: shape (peers, m), a Slope for each; None if no gradients are asked for.
        votes: what the peers have said so far.
        promising: rows put to the voters; None while targets, or the panel about seeds, are asked.
        failure: shape (m,), why a peer has no answer for a row, as the first that failed said; None where
            nothing was said.
    """

    asked: dict[int, Ints]
    slope: NDArray[np.int64] | None
    votes: Votes
    promising: Ints | None = None
    failure: Texts | None = None

    def gradients(self, peer: int, label: Ints) -> Bools:
        """Tell for which of the rows it was asked about a peer also took a gradient; ``label`` is (m,)."""
        rows = self.asked[peer]
        if self.slope is None:
            return np.zeros(len(rows), bool)
        right, wanted = self.votes.predicted[peer, rows] == label[rows], self.slope[peer, rows]
        return np.asarray(((wanted == Slope.IF_RIGHT) & right) | ((wanted == Slope.IF_WRONG) & ~right))


def no_ballot() -> Ballot:
    """Ask nothing."""
    return Ballot({}, None, nothing_said(0, 0, 0))


def nothing_said(peers: int, m: int, size: int) -> Votes:
    """Return the votes before anyone is asked; ``size`` is the length of gradients, 0 without."""
    return Votes(
        np.full((peers, m), np.nan, np.float32),
        np.full((peers, m), -1, np.int16),
        np.zeros((peers, m), bool),
        np.full((peers, m, size), np.nan, np.float32),
    )


def ask(
    votes: Votes, asked: dict[int, Ints], seed_id: Ints, composed: Floats, slope: NDArray[np.int64] | None
) -> tuple[Ballot, Questions]:
    """Put rows of candidates to peers; those that have nothing to answer are left out."""
    asked = {peer: rows for peer, rows in asked.items() if len(rows)}
    every = Candidates(seed_id.astype(np.int32), composed.astype(np.float32))
    questions = {}
    for peer, rows in asked.items():
        flags = None if slope is None else slope[peer, rows].astype(np.uint8)
        questions[peer] = replace(every.rows(rows), slope=flags)
    return Ballot(asked, slope, votes), questions


def why(ballot: Ballot, rows: Ints, otherwise: Sequence[str], place: str) -> list[str]:
    """Return why peers have no answers for ``rows``, as they said or ``otherwise`` if they said nothing."""
    said = [""] * len(rows) if ballot.failure is None else ballot.failure[rows]
    return [f"{text} (on {place})" if text else other for text, other in zip(said, otherwise, strict=True)]


def collected(ballot: Ballot, replies: Replies) -> Ballot:
    """Add the replies to what has been said; replies of peers come in any order."""
    votes = Votes(*(array.copy() for array in vars(ballot.votes).values()))
    failure = ballot.failure
    for peer, rows in ballot.asked.items():
        answers = replies[peer]
        if answers.failure is not None:
            before = np.full(votes.score.shape[1], "", object) if failure is None else failure
            failure = before.copy()
            failure[rows] = np.where(before[rows] == "", answers.failure, before[rows])
        votes.score[peer, rows], votes.predicted[peer, rows] = answers.score, answers.predicted
        votes.asked[peer, rows] = True
        if answers.slope is not None:
            votes.slope[peer, rows] = answers.slope
    return replace(ballot, votes=votes, failure=failure)
