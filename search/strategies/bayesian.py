"""Bayesian search: a Gaussian process for each peer says where a mistake is most likely; that is tried next.

As in Bayesian optimisation (Jones, Schonlau & Welch 1998), but what is sought is not a maximum: it is any
place where the target is wrong and all voters are right, so the place that is most likely to be one is tried,
as in active search (Garnett et al. 2012).
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

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
_PLACES, _SHORTLIST = 1024, 256
"""How many places candidates can be put at, and at how many of them each voter is weighed; powers of two."""
_BLOCK = 64
"""Searches that are thought about at a time: what is computed on the way fits into a cache."""
_LEAST = np.float32(6e-4)
"""Variance that is never fallen short of, as a share."""
_VOTERS = "voters "


class Bayesian(Strategy, Proposer):
    """Ask the target where a mistake is most likely; learn from what it and the voters say.

    Part of a voter's process is the target's: what the target says tells something of the voters before they
    are asked. The network's answers are all it needs, and knobs.
    """

    kind: Literal["bayesian"] = "bayesian"
    steps: Annotated[int, Field(ge=1, le=64)] = 32
    """Candidates of a search at most."""
    hopeless: Annotated[float, Field(gt=0)] = 3.5
    """Give up where a mistake is nowhere more likely than exp(-hopeless)..."""
    trial: Annotated[int, Field(ge=0, le=256)] = 5
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
        n, peers, room = len(shard), len(votes.score), self._room(transform)
        seed = np.where(np.isfinite(votes.score.T), votes.score.T, 0.0).astype(np.float32)
        usual = np.maximum(_sum(seed) / (np.float32(peers) * _ODDS), np.float32(0.1))
        nothing = np.zeros((n, len(room)), np.float32)
        memory = {
            "target": shard.target,
            "voter": is_voter(peers, shard.target, shard.voters).T,
            "seed": seed,
            "scale": np.sqrt(usual),
            "mean": nothing,
            "variance": np.tile(room.variance, (n, 1)),
            "next": np.zeros(n, np.int64),
            "doubt": np.zeros(n, np.float32),
            **_kept(Process.unobserved((n,), self.steps)),
            **_kept(Process.unobserved((n, peers), _HEARD), _VOTERS),
            **{f"column {step}": nothing for step in range(self.steps)},
        }
        for first in range(0, n, _BLOCK):
            _aim(room, memory, np.arange(first, min(first + _BLOCK, n)))
        return memory

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Try one candidate, unless steps or hope are used up."""
        tried = memory["count"][search]
        hopeless = (tried >= self.trial) & (memory["doubt"][search] > self.hopeless)
        return np.where((tried < self.steps) & ~hopeless, 1, 0)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Place the candidate where a mistake is most likely."""
        return placed(transform, self._room(transform).knobs[memory["next"][search]])

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Take in what target and voters said, and choose the next place."""
        search, said = proposals.search, _clear(votes, proposals)
        asked = votes.asked.T & np.isfinite(votes.score.T) & memory["voter"][search]
        new, room = _copied(memory, search), self._room(transform)
        for first in range(0, len(search), _BLOCK):
            block = slice(first, first + _BLOCK)
            _hear(room, new, search[block], said[block], asked[block])
            _aim(room, new, search[block])
        return new

    def _room(self, transform: Transform) -> Places:
        return places(transform.home, _active(transform), _PLACES)


def _hear(room: Places, memory: dict[str, AnyArray], search: Ints, said: Singles, asked: Bools) -> None:
    """Take in what was said (s, peers) of one candidate of each search, in place.

    ``asked`` (s, peers) tells which voters were asked. A shard's searches take their steps together.
    """
    rows, at, step = np.arange(len(search)), memory["next"][search], int(memory["count"][search[0]])
    fall = _DROP * memory["scale"][search] * room.away[at]
    said = said - (memory["seed"][search] - fall[:, None])
    own = said[rows, memory["target"][search]]
    together = slice(search[0], search[-1] + 1) if search[-1] - search[0] + 1 == len(search) else search
    earlier = [memory[f"column {number}"][together] for number in range(step)]
    process = _process(memory, search).extended(room, at, own, [column[rows, at] for column in earlier])
    column = process.column(room.covariance[at], earlier, step)
    memory[f"column {step}"][search] = column
    memory["mean"][search] += column * process.surprise[:, step, None]
    memory["variance"][search] -= column * column
    _keep(process, memory, search)
    row, peer = np.nonzero(asked)
    if len(row):
        apart = ((said[row, peer] - _SHARED * own[row]) / _OWN).astype(np.float32)
        heard = _process(memory, (search[row], peer), _VOTERS).plus(room, at[row], apart)
        _keep(heard, memory, (search[row], peer), _VOTERS)


def _aim(room: Places, memory: dict[str, AnyArray], search: Ints) -> None:
    """Choose where a mistake is most likely, and say how unlikely it is even there; in place."""
    known, target, rows = _Known(memory, search, room), _process(memory, search), np.arange(len(search))
    rough = known.rough()
    for step in range(int(target.count.max(initial=0))):
        rough[rows, target.place[:, step]] = np.inf
    rough, listed = _shortlist(rough)
    doubt = np.where(np.isinf(rough), rough, known.doubt(listed))
    best = doubt.argmin(axis=1)
    memory["next"][search], memory["doubt"][search] = listed[rows, best], doubt[rows, best]


def _shortlist(rough: Singles) -> tuple[Singles, Ints]:
    """Let places meet in pairs, round by round; return the winners' values and numbers, (s, shortlist)."""
    listed = np.tile(np.arange(rough.shape[1]), (len(rough), 1))
    while rough.shape[1] > _SHORTLIST:
        half = rough.shape[1] // 2
        first = rough[:, :half] <= rough[:, half:]
        rough = np.where(first, rough[:, :half], rough[:, half:])
        listed = np.where(first, listed[:, :half], listed[:, half:])
    return rough, listed


@dataclass(frozen=True)
class _Known:
    """What is known of some searches' peers."""

    memory: Memory
    search: Ints
    room: Places

    def rough(self) -> Singles:
        """Return about minus the logarithm of how likely a mistake is at every place; (s, c).

        All voters count as the one who is least sure of the seed, and as no one had asked them.
        """
        memory, search = self.memory, self.search
        voters = np.where(memory["voter"][search], memory["seed"][search], np.float32(np.inf))
        fall = (_DROP * memory["scale"][search])[:, None] * self.room.away
        mean, variance = memory["mean"][search], memory["variance"][search]
        spread = self._spread[:, None]
        root = np.sqrt(np.maximum(variance, _LEAST))
        root *= spread
        own = fall - mean
        own -= memory["seed"][search, memory["target"][search]][:, None]
        own /= root
        rough = _unlikely(own)
        about = _SHARED * _SHARED * variance
        about += _OWN * _OWN * self.room.variance
        root = np.sqrt(about, out=about)
        root *= spread
        odds = _SHARED * mean
        odds -= fall
        odds += voters.min(axis=1)[:, None]
        odds /= root
        rough += _unlikely(odds)
        return rough

    def doubt(self, at: Ints) -> Singles:
        """Return about minus the logarithm of how likely a mistake is at places (s, c); (s, c)."""
        memory, search, rows = self.memory, self.search, np.arange(len(self.search))[:, None]
        fall = (_DROP * memory["scale"][search])[:, None] * self.room.away[at]
        mean = memory["mean"][search[:, None], at]
        variance = np.maximum(memory["variance"][search[:, None], at], _LEAST)
        spread, seed = self._spread[:, None], memory["seed"][search]
        own = seed[rows, memory["target"][search][:, None]] - fall + mean
        means, variances = self._voters(at)
        most, total = np.zeros_like(mean), np.zeros_like(mean)
        for peer, voter in enumerate(memory["voter"][search].T):
            odds = seed[:, peer, None] - fall + _SHARED * mean + _OWN * means[:, peer]
            about = _SHARED * _SHARED * variance + _OWN * _OWN * variances[:, peer]
            missing = _unlikely(odds / (spread * np.sqrt(about))) * voter[:, None]
            total += missing
            np.maximum(most, missing, out=most)
        doubt: Singles = _unlikely(-own / (spread * np.sqrt(variance)))
        doubt += np.float32(0.5) * (total + most)
        return doubt

    def _voters(self, at: Ints) -> tuple[Singles, Singles]:
        """Return means and variances of the voters' own processes at places (s, c); (s, peers, c)."""
        counts = self.memory[_VOTERS + "count"][self.search]
        means = np.zeros((*counts.shape, at.shape[1]), np.float32)
        variances = np.repeat(self.room.variance[at][:, None], counts.shape[1], axis=1)
        row, peer = np.nonzero(counts)
        if len(row):
            processes = _process(self.memory, (self.search[row], peer), _VOTERS)
            means[row, peer], variances[row, peer] = processes.likely(self.room, at[row])
        return means, variances

    @property
    def _spread(self) -> Singles:
        """The standard deviation of each search's processes: the usual, corrected by surprises; (s,)."""
        surprise, count = self.memory["surprise"][self.search], self.memory["count"][self.search]
        total = _PRIOR * _SPREAD * _SPREAD * self.memory["scale"][self.search] ** 2
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


def _process(memory: Memory, rows: Any, prefix: str = "") -> Process:
    names = ("place", "lower", "inverse", "surprise", "count")
    return Process(*(memory[prefix + name][rows] for name in names))


def _kept(process: Process, prefix: str = "") -> Memory:
    return {prefix + name: array for name, array in vars(process).items()}


def _keep(process: Process, memory: Memory, rows: Any, prefix: str = "") -> None:
    for name, array in vars(process).items():
        memory[prefix + name][rows] = array


def _copied(memory: Memory, search: Ints) -> dict[str, AnyArray]:
    """Return a memory that can be written to for the next step of some searches."""
    columns = [name for name in memory if name.startswith("column")]
    fixed = {"target", "voter", "seed", "scale", *columns}
    new = {name: array if name in fixed else array.copy() for name, array in memory.items()}
    new[f"column {int(memory['count'][search[0]])}"] = np.zeros_like(memory["mean"])
    return new


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
