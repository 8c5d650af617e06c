"""Counting what searches tried, and what that cost."""

from dataclasses import dataclass, replace

import numpy as np

from outvoted.search.arrays import Bools, Ints
from outvoted.search.strategies import Proposals


@dataclass(frozen=True)
class Tally:
    """Counts of each search, all of shape (n,).

    ``candidates`` are what the sequential procedure would have tried, ``unrealistic`` those of them that
    left the realism budget and were put to no network; ``inferences_*`` are what was really run, looking
    ahead included; ``consensus`` counts the candidates put to the peers, ahead of their time or not, on
    which all of them agreed.
    """

    candidates: Ints
    unrealistic: Ints
    stale: Ints
    moves: Ints
    consensus: Ints
    inferences_target: Ints
    inferences_peers: Ints


def no_tally(n: int, peers: int) -> Tally:
    """Count the questions about the seed, which goes to the whole panel, and nothing else yet."""
    nothing = np.zeros(n, np.int64)
    return Tally(
        candidates=nothing,
        unrealistic=nothing,
        stale=nothing,
        moves=nothing,
        consensus=nothing,
        inferences_target=nothing + 1,
        inferences_peers=nothing + peers - 1,
    )


def tallied(old: Tally, proposals: Proposals, consensus: Bools, accepted: Ints, last: Ints) -> Tally:
    """Count what the sequential procedure would have tried: up to each search's ``last`` row, or all."""
    n = len(old.candidates)
    end = np.full(n, np.iinfo(np.int64).max)
    end[proposals.search[last]] = proposals.step[last]
    tried = proposals.step <= end[proposals.search]
    candidates = np.bincount(proposals.search[tried], minlength=n)
    unrealistic = np.bincount(proposals.search[tried & ~proposals.realistic], minlength=n)
    stale, moves = old.stale + candidates, old.moves.copy()
    stale[proposals.search[accepted]] = 0
    moves[proposals.search[accepted]] += 1
    return replace(
        old,
        candidates=old.candidates + candidates,
        unrealistic=old.unrealistic + unrealistic,
        consensus=old.consensus + np.bincount(proposals.search[consensus], minlength=n),
        stale=stale,
        moves=moves,
    )
