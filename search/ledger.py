"""What a climb has asked, counted and found."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles, Texts
from outvoted.search.messages import Candidates, Questions, Replies, TakeGradient
from outvoted.search.strategies import Evidence, Proposals
from outvoted.search.strategies.base import Votes
from outvoted.search.transforms import Transform


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
    take_gradient: NDArray[np.int64] | None
    votes: Votes
    promising: Ints | None = None
    failure: Texts | None = None

    def differentiated(self, peer: int, label: Ints) -> Bools:
        """Tell for which of the rows it was asked about a peer also took a gradient; ``label`` is (m,)."""
        rows = self.asked[peer]
        if self.take_gradient is None:
            return np.zeros(len(rows), bool)
        correct, wanted = self.votes.predicted[peer, rows] == label[rows], self.take_gradient[peer, rows]
        return np.asarray(
            np.where(correct, wanted == TakeGradient.IF_CORRECT, wanted == TakeGradient.IF_WRONG)
        )


def no_ballot() -> Ballot:
    """Ask nothing."""
    return Ballot({}, None, empty_votes(0, 0, 0))


def empty_votes(peers: int, m: int, size: int) -> Votes:
    """Return the votes before anyone is asked; ``size`` is the length of gradients, 0 without."""
    return Votes(
        np.full((peers, m), np.nan, np.float32),
        np.full((peers, m), -1, np.int16),
        np.zeros((peers, m), bool),
        np.full((peers, m, size), np.nan, np.float32),
    )


def ask(
    votes: Votes,
    asked: dict[int, Ints],
    seed_id: Ints,
    composed: Floats,
    take_gradient: NDArray[np.int64] | None,
) -> tuple[Ballot, Questions]:
    """Put rows of candidates to peers; those that have nothing to answer are left out."""
    asked = {peer: rows for peer, rows in asked.items() if len(rows)}
    every = Candidates(seed_id.astype(np.int32), composed.astype(np.float32))
    questions = {}
    for peer, rows in asked.items():
        flags = None if take_gradient is None else take_gradient[peer, rows].astype(np.uint8)
        questions[peer] = replace(every.rows(rows), take_gradient=flags)
    return Ballot(asked, take_gradient, votes), questions


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
        if answers.gradient is not None:
            votes.gradient[peer, rows] = answers.gradient
    return replace(ballot, votes=votes, failure=failure)


_BACKWARD = 2
"""A backward pass costs about as much as two forward passes."""


@dataclass(frozen=True)
class Chosen:
    """What becomes of a round's proposals, as rows of them.

    Attributes:
        accepted: at most one for each search.
        last: the row up to which a search got, where it did not get through all of its own.
        failed: the row at which a search failed.
    """

    accepted: Ints
    last: Ints
    failed: Ints


@dataclass(frozen=True)
class Tally:
    """Counts of each search, all of shape (n,).

    ``candidates`` are what the sequential procedure would have tried, ``unrealistic`` those of them that
    left the realism budget and were put to no network; ``inferences_*`` are forward inferences that were
    really run, speculative ones included and backward passes counted as two; ``voted_on`` counts the
    candidates put to the voters, speculative or not, and ``consensus`` those on which all of them agreed.
    """

    candidates: Ints
    unrealistic: Ints
    stale: Ints
    moves: Ints
    voted_on: Ints
    consensus: Ints
    inferences_target: Ints
    inferences_peers: Ints


def no_tally(n: int) -> Tally:
    """Count nothing yet."""
    return Tally(*(np.zeros(n, np.int64) for _ in range(8)))


def spent(old: Tally, ballot: Ballot, search: Ints, target: Ints, label: Ints) -> Tally:
    """Count the inferences of a ballot; searches, targets and labels of its candidates are (m,)."""
    own, others = old.inferences_target.copy(), old.inferences_peers.copy()
    for peer, rows in ballot.asked.items():
        cost = 1 + _BACKWARD * ballot.differentiated(peer, label)
        mine = target[rows] == peer
        np.add.at(own, search[rows[mine]], cost[mine])
        np.add.at(others, search[rows[~mine]], cost[~mine])
    return replace(old, inferences_target=own, inferences_peers=others)


def tallied(
    old: Tally, proposals: Proposals, asked: Ints, consensus: Bools, chosen: Chosen, onward: bool
) -> Tally:
    """Count what the sequential procedure would have tried: up to each search's last row, or all.

    ``asked`` holds the rows put to the voters; ``consensus`` (m,) tells where they agreed.
    """
    n = len(old.candidates)
    end = np.full(n, np.iinfo(np.int64).max)
    end[proposals.search[chosen.last]] = proposals.step[chosen.last]
    tried = proposals.step <= end[proposals.search]
    candidates = np.bincount(proposals.search[tried], minlength=n)
    unrealistic = np.bincount(proposals.search[tried & ~proposals.realistic], minlength=n)
    stale, moves = old.stale + candidates, old.moves.copy()
    accepted = proposals.search[chosen.accepted]
    stale[accepted] = 0
    moves[accepted] = moves[accepted] + 1 if onward else 1
    return replace(
        old,
        candidates=old.candidates + candidates,
        unrealistic=old.unrealistic + unrealistic,
        voted_on=old.voted_on + np.bincount(proposals.search[asked], minlength=n),
        consensus=old.consensus + np.bincount(proposals.search[consensus], minlength=n),
        stale=stale,
        moves=moves,
    )


@dataclass(frozen=True)
class Finds:
    """Candidates on which the target is outvoted.

    Attributes:
        search: shape (f,), which search found each.
        predicted: shape (f,), the target's wrong class.
        score: shape (f,), the target's log-odds of the label.
        composed: shape (f, transform.size).
        moves: shape (f, parameters), the move that made it, from the seed or from where the search stood.
    """

    search: Ints
    predicted: NDArray[np.int16]
    score: Singles
    composed: Floats
    moves: Floats

    def __len__(self) -> int:
        return len(self.search)

    @staticmethod
    def none(transform: Transform) -> "Finds":
        """Return no finds."""
        return Finds(
            np.empty(0, np.int64),
            np.empty(0, np.int16),
            np.empty(0, np.float32),
            np.empty((0, transform.size)),
            np.empty((0, len(transform.parameters))),
        )

    @property
    def number(self) -> Ints:
        """Count each search's finds from 0; shape (f,)."""
        order = np.argsort(self.search, kind="stable")
        ranked = self.search[order]
        number = np.empty(len(self), np.int64)
        number[order] = np.arange(len(self)) - np.searchsorted(ranked, ranked)
        return number

    def plus(self, more: "Finds") -> "Finds":
        """Add later finds."""
        if not len(more):
            return self
        return Finds(
            *(np.concatenate([getattr(self, part.name), getattr(more, part.name)]) for part in fields(self))
        )


def found(proposals: Proposals, evidence: Evidence, rows: Ints) -> Finds:
    """Return the proposals that are mistakes."""
    offer = proposals.offer
    return Finds(
        proposals.search[rows],
        evidence.predicted[rows],
        evidence.score[rows],
        offer.composed[rows],
        offer.moves[rows],
    )
