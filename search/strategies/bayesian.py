"""Bayesian search: a Gaussian process for each peer says where a mistake is most likely; that is tried next.

As in Bayesian optimisation (Jones, Schonlau & Welch 1998), but what is sought is not a maximum: it is any
place where the target is wrong and all voters are right, so the place that is most likely to be one is tried,
as in active search (Garnett et al. 2012).
"""

from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints, Singles
from outvoted.search.consensus import is_voter
from outvoted.search.plan import Shard
from outvoted.search.strategies.acceptance import BestOfGeneration, wrong
from outvoted.search.strategies.base import (
    Acceptance,
    Memory,
    Offer,
    Position,
    Proposals,
    Proposer,
    Strategy,
    Votes,
    placed,
)
from outvoted.search.strategies.gaussian import Places, Process, places
from outvoted.search.strategies.generational import refuse_without_knobs
from outvoted.search.transforms import Transform

_HEARD = 8
"""Observations of a voter's process at most, which is seldom reached."""
_ODDS = np.float32(5)
"""Usual log-odds of a label at its seed. How far scores fall, and how they spread, goes with its root."""
_DROP, _SPREAD = np.float32(2), np.float32(4)
"""Log-odds by which scores fall for each half range of a knob, and their standard deviation about that."""
_PRIOR = np.float32(4)
"""How many observations the usual spread counts for, against those of a search's own target."""
_SHARED, _OWN = np.float32(0.6), np.float32(0.8)
"""How much of a voter's process is the target's, and how much is its own; the squares add up to 1."""
_PLACES = 512
"""How many places candidates can be put at."""
_BLOCK = 64
"""Searches that are thought about at a time: what is computed on the way fits into a cache."""
_LEAST = np.float32(6e-4)
"""Variance that is never fallen short of, as a share."""
_TARGET, _VOTERS = "target ", "voters "


class Bayesian(Strategy, Proposer):
    """Ask the target where a mistake is most likely; learn from what it and the voters say.

    Part of a voter's process is the target's: what the target says tells something of the voters before they
    are asked. The network's answers are all it needs, and knobs.
    """

    kind: Literal["bayesian"] = "bayesian"
    steps: Annotated[int, Field(ge=1, le=64)] = 48
    """Candidates of a search at most."""
    hopeless: Annotated[float, Field(gt=0)] = 5.0
    """Give up where a mistake is nowhere more likely than exp(-hopeless)..."""
    trial: Annotated[int, Field(ge=0, le=256)] = 12
    """... after so many candidates."""
    acceptance: ClassVar[Acceptance] = BestOfGeneration(wrong)  # each candidate is a generation of one

    @property
    def proposer(self) -> Proposer:
        """The strategy itself: all settings are the proposer's."""
        return self

    def check(self, transform: Transform) -> None:
        """Refuse transforms without knobs."""
        refuse_without_knobs(self.label, transform)

    def draws(self, transform: Transform) -> int:
        """Nothing is drawn at random."""
        return 0

    def sittings(self, order: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Ask one after another, but always in the panel's order: who was asked decides what is learnt."""
        return tuple((peer,) for peer in sorted(order))

    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Know no more than the seeds' scores."""
        n, peers, room = len(shard), len(votes.score), _room(transform)
        seed = np.where(np.isfinite(votes.score.T), votes.score.T, 0.0).astype(np.float32)
        usual = np.maximum(_sum(seed) / (np.float32(peers) * _ODDS), np.float32(0.1))
        memory = {
            "target": shard.target,
            "voter": is_voter(peers, shard.target, shard.voters).T,
            "seed": seed,
            "scale": np.sqrt(usual),
            "mean": np.zeros((n, len(room)), np.float32),
            "variance": np.tile(room.variance, (n, 1)),
            "next": np.zeros(n, np.int64),
            "doubt": np.zeros(n, np.float32),
            **_kept(Process.unobserved((n,), self.steps), _TARGET),
            **_kept(Process.unobserved((n, peers), _HEARD), _VOTERS),
        }
        for first in range(0, n, _BLOCK):
            _aim(room, memory, np.arange(first, min(first + _BLOCK, n)))
        return memory

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Try one candidate, unless steps or hope are used up."""
        tried = memory[_TARGET + "count"][search]
        hopeless = (tried >= self.trial) & (memory["doubt"][search] > self.hopeless)
        return np.where((tried < self.steps) & ~hopeless, 1, 0)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Place the candidate where a mistake is most likely."""
        return placed(transform, _room(transform).knobs[memory["next"][search]])

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Take in what target and voters said, and choose the next place."""
        search, said = proposals.search, _clear(votes, proposals)
        asked = votes.asked.T & np.isfinite(votes.score.T) & memory["voter"][search]
        new, room = _copied(memory), _room(transform)
        for first in range(0, len(search), _BLOCK):
            block = slice(first, first + _BLOCK)
            _hear(room, new, search[block], said[block], asked[block])
            _aim(room, new, search[block])
        return new


def _hear(room: Places, memory: dict[str, AnyArray], search: Ints, said: Singles, asked: Bools) -> None:
    """Take in what was said (s, peers) of one candidate of each search, in place.

    ``asked`` (s, peers) tells which voters were asked. A shard's searches take their steps together.
    """
    rows, at, step = np.arange(len(search)), memory["next"][search], int(memory[_TARGET + "count"][search[0]])
    said = said - (memory["seed"][search] - (_DROP * memory["scale"][search] * room.away[at])[:, None])
    own = said[rows, memory["target"][search]]
    process = _process(memory, _TARGET, search).plus(room, at, own)
    _keep(process, memory, _TARGET, search)
    column = process.column(room, step)
    memory["mean"][search] += column * process.surprise[:, step, None]
    memory["mean"][search, at] = np.inf  # it is not tried again
    column *= column
    memory["variance"][search] -= column
    row, peer = np.nonzero(asked)
    apart = ((said[row, peer] - _SHARED * own[row]) / _OWN).astype(np.float32)
    heard = _process(memory, _VOTERS, (search[row], peer)).plus(room, at[row], apart)
    _keep(heard, memory, _VOTERS, (search[row], peer))


def _aim(room: Places, memory: dict[str, AnyArray], search: Ints) -> None:
    """Choose where a mistake is most likely, and say how unlikely it is even there; in place."""
    rows, seed = np.arange(len(search)), memory["seed"][search]
    sharp = np.reciprocal(_spread(memory, search))[:, None]
    mean, variance = memory["mean"][search], np.maximum(memory["variance"][search], _LEAST)
    fall = (_DROP * memory["scale"][search])[:, None] * room.away
    shared = _SHARED * mean
    shared -= fall
    mean -= fall
    mean += seed[rows, memory["target"][search]][:, None]
    mean *= -sharp
    mean /= np.sqrt(variance)
    doubt = _unlikely(mean)
    variance *= _SHARED * _SHARED
    doubt += _objections(room, memory, search, shared, variance, sharp)
    best = doubt.argmin(axis=1)
    memory["next"][search], memory["doubt"][search] = best, doubt[rows, best]


def _objections(
    room: Places, memory: Memory, search: Ints, shared: Singles, variance: Singles, sharp: Singles
) -> Singles:
    """Return about minus the logarithm of how likely it is that no voter objects at any place; (s, c).

    Args:
        shared: shape (s, c), how far scores are likely to differ from the seeds' by the target's process.
        variance: shape (s, c), of that.
        sharp: shape (s, 1), one over the processes' standard deviation.
    """
    seed, voter = memory["seed"][search], memory["voter"][search]
    unasked = memory[_VOTERS + "count"][search] == 0
    sure = np.sort(np.where(voter & unasked, seed, np.float32(np.inf)), axis=1)
    root = sharp / np.sqrt(variance + _OWN * _OWN * room.variance)
    base, most, total = shared * root, np.zeros_like(shared), np.zeros_like(shared)
    for number in range(int(np.isfinite(sure).sum(axis=1).max(initial=0))):
        odds = np.multiply(sure[:, number, None], root, dtype=np.float32)
        odds += base
        missing = _unlikely(odds)
        total += missing
        if number == 0:  # who is least sure of the seed
            most = missing
    for peer in range(voter.shape[1]):
        rows = np.flatnonzero(voter[:, peer] & ~unasked[:, peer])
        if len(rows):
            heard = _process(memory, _VOTERS, (search[rows], np.full(len(rows), peer)))
            means, about = heard.likely(room)
            means *= _OWN
            means += shared[rows]
            means += seed[rows, peer, None]
            means *= sharp[rows]
            about *= _OWN * _OWN
            about += variance[rows]
            means /= np.sqrt(about, out=about)
            missing = _unlikely(means)
            total[rows] += missing
            most[rows] = np.maximum(most[rows], missing)
    total += most
    total *= np.float32(0.5)
    return total


def _spread(memory: Memory, search: Ints) -> Singles:
    """Return the standard deviation of each search's processes: the usual, corrected by surprises; (s,)."""
    surprise, count = memory[_TARGET + "surprise"][search], memory[_TARGET + "count"][search]
    total = _PRIOR * _SPREAD * _SPREAD * memory["scale"][search] ** 2
    for step in range(int(count.max(initial=0))):
        total = total + surprise[:, step] * surprise[:, step]
    return np.asarray(np.sqrt(total / (_PRIOR + count.astype(np.float32))))


def _clear(votes: Votes, proposals: Proposals) -> Singles:
    """Return scores that say clearly who is right and who is wrong; (s, peers), 0 where a peer was not asked.

    With more than two classes, a class may be right at log-odds below 0.
    """
    score, right = (
        np.where(np.isfinite(votes.score), votes.score, 0).T,
        (votes.predicted == proposals.label).T,
    )
    return np.where(right, np.maximum(score, 0), np.minimum(score, 0)).astype(np.float32)


def _unlikely(deviations: Singles) -> Singles:
    """Return about -log(Phi(deviations)), from a parabola; the argument is overwritten."""
    np.subtract(np.float32(1.5), deviations, out=deviations)
    np.maximum(deviations, np.float32(0), out=deviations)
    deviations *= deviations
    deviations *= np.float32(1 / 3.26)
    return deviations


def _process(memory: Memory, prefix: str, rows: AnyArray | tuple[Ints, Ints]) -> Process:
    names = ("place", "factor", "surprise", "count")
    return Process(*(memory[prefix + name][rows] for name in names))


def _kept(process: Process, prefix: str) -> Memory:
    return {prefix + name: array for name, array in vars(process).items()}


def _keep(
    process: Process, memory: dict[str, AnyArray], prefix: str, rows: AnyArray | tuple[Ints, Ints]
) -> None:
    for name, array in vars(process).items():
        memory[prefix + name][rows] = array


def _copied(memory: Memory) -> dict[str, AnyArray]:
    """Return a memory that can be written to."""
    fixed = {"target", "voter", "seed", "scale"}
    return {name: array if name in fixed else array.copy() for name, array in memory.items()}


@lru_cache(maxsize=16)
def _room(transform: Transform) -> Places:
    return places(transform.home, _active(transform), _PLACES)


def _sum(values: Singles) -> Singles:
    """Add columns one after another."""
    total = np.zeros(len(values), np.float32)
    for column in values.T:
        total = total + column
    return total


def _active(transform: Transform) -> tuple[bool, ...]:
    """Tell which knobs change anything within the transform's budget."""
    home = np.tile(np.array(transform.home), (transform.knobs, 1))
    low, high = home.copy(), home.copy()
    np.fill_diagonal(low, 0.0)
    np.fill_diagonal(high, 1.0)
    differ = (placed(transform, low).composed != placed(transform, high).composed).any(axis=1)
    return tuple(differ.tolist()) if differ.any() else (True,) * transform.knobs
