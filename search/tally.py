"""Counting what searches tried, and what that cost."""

from dataclasses import dataclass, replace

import numpy as np

from outvoted.search.arrays import Bools, Ints
from outvoted.search.ballot import Ballot
from outvoted.search.strategies import Proposals

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
    really run, looking ahead included and backward passes counted as two; ``voted_on`` counts the candidates
    put to the voters, ahead of their time or not, and ``consensus`` those on which all of them agreed.
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
        cost = 1 + _BACKWARD * ballot.gradients(peer, label)
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
