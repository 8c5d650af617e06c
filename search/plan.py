"""Which searches a run consists of: search ids, the seeds they start from, the shards they are leased in.

A *replica* is one drawn seed on which every turn is taken: each target against each number of voters.
Search id = replica * turns + turn. Replicas are numbered from 0 for ever, so a longer run begins with exactly
the searches of a shorter one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import Bools, Ints, RowArrays
from outvoted.search.streams import Purpose, uniforms


@dataclass(frozen=True)
class Turns:
    """What is done with each seed: every target is searched against every number of voters.

    Attributes:
        targets: indices of the peers to make wrong.
        voters: how many of the other peers must agree: the next ones in the panel's order after the target,
            going round. The rest are held out: they vote on seeds and verified mistakes alone.
    """

    targets: tuple[int, ...]
    voters: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.targets) * len(self.voters)


@dataclass(frozen=True)
class Shard(RowArrays):
    """Searches that are leased, run and recorded together.

    Attributes:
        search_id: shape (n,), ascending.
        replica: shape (n,), the number of the drawn seed.
        target: shape (n,), index of the peer to make wrong.
        voters: shape (n,), how many of the peers after the target must agree.
        seed_id: shape (n,), rows of the seed data set.
    """

    search_id: Ints
    replica: Ints
    target: Ints
    voters: Ints
    seed_id: Ints

    @property
    def name(self) -> str:
        """A name that follows from the ids alone, so that writing a shard twice writes one file."""
        return f"shard-{self.search_id[0]:012d}-{self.search_id[-1]:012d}"


def drawn_seeds(run_seed: int, replicas: Ints, seeds: int) -> Ints:
    """Draw one of ``seeds`` seeds for each replica, uniformly and with replacement; shape (n,)."""
    draws = uniforms(run_seed, Purpose.SEED, replicas, np.zeros_like(replicas), 1)[:, 0]
    return np.minimum((draws * seeds).astype(np.int64), seeds - 1)


def replicas_needed(undisputed: Bools, wanted: int) -> int | None:
    """Return how many replicas hold ``wanted`` undisputed seeds, or None if ``undisputed`` is too short."""
    enough = np.flatnonzero(np.cumsum(undisputed) >= wanted)
    return int(enough[0]) + 1 if len(enough) else None


def searches(run_seed: int, replicas: int, turns: Turns, seeds: int) -> Shard:
    """Return every search of a run, as one shard."""
    ids = np.arange(replicas * len(turns), dtype=np.int64)
    replica, turn = ids // len(turns), ids % len(turns)
    target = np.array(turns.targets, np.int64)[turn % len(turns.targets)]
    voters = np.array(turns.voters, np.int64)[turn // len(turns.targets)]
    return Shard(ids, replica, target, voters, drawn_seeds(run_seed, replica, seeds))


def shards(work: Shard, done: Ints, size: int) -> Iterator[Shard]:
    """Split what is not ``done`` (search ids) of ``work`` into shards of at most ``size`` searches."""
    rest = np.flatnonzero(~np.isin(work.search_id, done))
    for first in range(0, len(rest), size):
        yield work.rows(rest[first : first + size])
