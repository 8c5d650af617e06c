"""A climb's books: who was asked and what they said, what that cost, which mistakes were found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles
from outvoted.search.messages import UNASKED, Answers, Candidates, Questions, Replies, TakeGradient
from outvoted.search.strategies import Chosen, Evidence, Position, Proposals, Votes
from outvoted.search.transforms import Transform

_BACKWARD = 2
"""A backward pass costs about as much as two forward passes."""


@dataclass(frozen=True)
class Said:
    """One peer's answers about some rows of the candidates, shape (k,)."""

    peer: int
    rows: Ints
    answers: Answers


@dataclass(frozen=True)
class Ballot:
    """What is asked about m candidates, and what has been said of them.

    Attributes:
        asked: for each peer whose answers are out, in the order of their turns, the rows it is asked about.
        targets: what the targets have said, each about its own candidates (of seeds, whoever was asked).
        promising: rows that are put to the voters; None before the targets have answered.
        unopposed: those of them to which no voter has objected.
        voters: what the voters have said, in the order of their turns.
    """

    asked: Mapping[int, Ints]
    targets: tuple[Said, ...] = ()
    promising: Ints | None = None
    unopposed: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    voters: tuple[Said, ...] = ()

    def collected(self, replies: Replies, proposals: Proposals | None) -> "Ballot":
        """Add the replies to what has been said of proposals, or of seeds; they come in any order."""
        fresh = tuple(_said(peer, rows, replies[peer]) for peer, rows in self.asked.items())
        if self.promising is None or proposals is None:
            return replace(self, asked={}, targets=fresh)
        opposed = np.zeros(len(proposals), bool)
        for one in fresh:
            opposed[one.rows] |= one.answers.predicted != proposals.label[one.rows]
        unopposed = self.promising[~opposed[self.promising]]
        return replace(self, asked={}, voters=fresh, unopposed=unopposed)

    @property
    def said(self) -> tuple[Said, ...]:
        """All that has been said."""
        return self.targets + self.voters

    def votes(self, known: Votes) -> Votes:
        """Add what has been said to what was known of the candidates before."""
        votes = Votes(*(array.copy() for array in vars(known).values()))
        for one in self.said:
            peer, rows, answers = one.peer, one.rows, one.answers
            votes.score[peer, rows], votes.predicted[peer, rows] = answers.score, answers.predicted
            votes.asked[peer, rows] = True
            if answers.gradient is not None:
                votes.gradient[peer, rows] = answers.gradient
        return votes

    def evidence(self, m: int) -> Evidence:
        """Return what the targets have said of the m candidates."""
        score, predicted = np.full(m, np.nan, np.float32), np.full(m, -1, np.int16)
        for one in self.targets:
            score[one.rows], predicted[one.rows] = one.answers.score, one.answers.predicted
        return Evidence(score, predicted)

    def failure(self, row: int) -> str:
        """Return why a row has no answer, as the peer that failed first said; "" if none said anything."""
        for one in self.said:
            texts = one.answers.failure
            said = [] if texts is None else texts[one.rows == row].tolist()
            if any(said):
                return str(said[0])
        return ""


def _said(peer: int, rows: Ints, answers: Answers) -> Said:
    """Leave out the rows for which the peer's turn did not come."""
    heard = answers.predicted != UNASKED
    return Said(peer, rows, answers) if heard.all() else Said(peer, rows[heard], answers.rows(heard))


def no_votes(peers: int, m: int, size: int) -> Votes:
    """Return the votes before anyone is asked; ``size`` is the length of gradients, 0 without."""
    return Votes(
        np.full((peers, m), np.nan, np.float32),
        np.full((peers, m), -1, np.int16),
        np.zeros((peers, m), bool),
        np.full((peers, m, size), np.nan, np.float32),
    )


def no_questions() -> Questions:
    """Ask no one."""
    return Questions(Candidates(np.empty(0, np.int32), np.empty((0, 0), np.float32)), {})


def questions(
    asked: Mapping[int, Ints], seed_id: Ints, composed: Floats, take: TakeGradient | None
) -> Questions:
    """Put rows of candidates to peers; the table holds only what somebody is asked about.

    Args:
        seed_id: shape (m,), of all candidates.
        composed: shape (m, transform.size).
        take: whether gradients are taken; None if they are asked for at no time.
    """
    if len(asked) == 1:
        ((peer, table),) = asked.items()
        places = {peer: np.arange(len(table))}
    else:
        used = np.zeros(len(seed_id), bool)
        for rows in asked.values():
            used[rows] = True
        table, place = np.flatnonzero(used), np.cumsum(used) - 1
        places = {peer: place[rows] for peer, rows in asked.items()}
    flags = None if take is None else np.full(len(table), take, np.uint8)
    return Questions(
        Candidates(seed_id[table].astype(np.int32), composed[table].astype(np.float32), flags), places
    )


@dataclass(frozen=True)
class Tally:
    """Counts of each search, all of shape (n,).

    ``candidates`` are what the sequential procedure would have tried, ``unrealistic`` those of them that
    left the realism budget and were put to no network, ``stale`` those in a row that were not accepted;
    ``inferences_*`` are forward inferences that were run for the search alone, speculative ones included and
    backward passes counted as two; what is asked about seeds serves many searches and is not among them.
    ``voted_on`` counts the candidates put to the voters, speculative or not, and ``consensus`` those on which
    all of them agreed.
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

    def spent(self, ballot: Ballot, proposals: Proposals) -> "Tally":
        """Count what a round's answers cost."""

        def cost(said: tuple[Said, ...], differentiated: bool) -> Ints:
            """Gradients are taken of a target where it is right, and of voters where they are wrong."""
            total = np.zeros_like(self.candidates)
            for one in said:
                search = proposals.search[one.rows]
                total += np.bincount(search, minlength=len(total))
                if one.answers.gradient is not None:
                    taken = (one.answers.predicted == proposals.label[one.rows]) == differentiated
                    total += _BACKWARD * np.bincount(search[taken], minlength=len(total))
            return total

        return replace(
            self,
            inferences_target=self.inferences_target + cost(ballot.targets, True),
            inferences_peers=self.inferences_peers + cost(ballot.voters, False),
        )

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
