"""Which searches a run consists of: search ids, the seeds they start from, the leases they are handed out in.

A *replica* is one drawn seed on which every turn is taken: each target against each number of voters.
Search id = replica * turns + turn. Replicas are numbered from 0 for ever, so a longer run begins with exactly
the searches of a shorter one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Ints, RowArrays, Singles, Texts
from outvoted.search.id_ranges import IdRanges
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
        return shard_name(self.search_id)


def shard_name(search_id: Ints) -> str:
    """Name the shard of some searches (n,), ascending, at least one."""
    return f"shard-{search_id[0]:012d}-{search_id[-1]:012d}"


def drawn_seeds(run_seed: int, replicas: Ints, seeds: int) -> Ints:
    """Draw one of ``seeds`` seeds for each replica, uniformly and with replacement; shape (n,)."""
    draws = uniforms(run_seed, Purpose.SEED, replicas, np.zeros_like(replicas), 1)[:, 0]
    return np.minimum((draws * seeds).astype(np.int64), seeds - 1)


def replicas_needed(undisputed: Bools, wanted: int) -> int | None:
    """Return how many replicas hold ``wanted`` undisputed seeds, or None if ``undisputed`` is too short."""
    enough = np.flatnonzero(np.cumsum(undisputed) >= wanted)
    return int(enough[0]) + 1 if len(enough) else None


@dataclass(frozen=True)
class Searches:
    """All searches of a run: every turn on each replica.

    Attributes:
        run_seed: decides which seeds are drawn.
        replicas: how many there are.
        seeds: size of the data set that seeds are drawn from.
    """

    run_seed: int
    replicas: int
    turns: Turns
    seeds: int

    def __len__(self) -> int:
        return self.replicas * len(self.turns)

    def of(self, replicas: Ints) -> Shard:
        """Return all searches of some replicas (r,), ascending."""
        turns = len(self.turns)
        ids = (replicas[:, None] * turns + np.arange(turns)).reshape(-1)
        turn, each = ids % turns, len(self.turns.targets)
        target = np.array(self.turns.targets, np.int64)[turn % each]
        voters = np.array(self.turns.voters, np.int64)[turn // each]
        seed_id = drawn_seeds(self.run_seed, replicas, self.seeds)
        return Shard(ids, ids // turns, target, voters, np.repeat(seed_id, turns))

    def shards(self, done: IdRanges, size: int) -> Iterator[Shard]:
        """Split what is not ``done`` (search ids) into shards of whole replicas, one after the other.

        A shard has at most ``size`` searches, or one replica's where these are more: what is asked about a
        seed once serves all of its searches.
        """
        turns = len(self.turns)
        left = done.missing(len(self)).divided(turns)
        for replicas in left.chunks(max(1, size // turns)):
            shard = self.of(replicas)
            yield shard.rows(~done.holds(shard.search_id))

    def cut_evenly(self, done: IdRanges, cells: int, size: int, at_once: int) -> tuple[int, int]:
        """Cut what is not ``done`` so that cells which are equally fast end at the same time.

        Args:
            done: search ids.
            cells: that share what is left, however little it is.
            size: searches of a shard, at most.
            at_once: shards that a cell has at a time, at most.

        Returns:
            How many searches a shard is to have, and how many shards a cell: as many each time it takes some.
        """
        turns = len(self.turns)
        left, most = len(done.missing(len(self)).divided(turns)), max(1, size // turns)
        each = max(1, ceil(left / (cells * most)))
        return max(1, ceil(left / (cells * each))) * turns, ceil(each / ceil(each / at_once))


@dataclass(frozen=True)
class AskedSeeds(RowArrays):
    """Seeds and what every peer says of them: asked once in a run, for all searches from them.

    Attributes:
        seed_id: shape (r,), rows of the seed data set.
        score: shape (r, peers), log-odds of the label.
        predicted: shape (r, peers), classes; -1 where a peer gave no answer.
        failure: shape (r,), why a peer has no answer, "" where all have one; None if nothing is said of that.
    """

    seed_id: Ints
    score: Singles
    predicted: NDArray[np.int16]
    failure: Texts | None = None


@dataclass(frozen=True)
class Lease:
    """A shard and what is known of it beforehand.

    Attributes:
        seeds: a row for each replica of the shard, ascending.
        order: all peers, in the order in which they are asked as voters.
    """

    shard: Shard
    seeds: AskedSeeds
    order: tuple[int, ...]
