"""The interface of a search strategy: frozen settings, explicit state, many searches at once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints, Singles
from outvoted.search.plan import Shard
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform

Memory = Mapping[str, AnyArray]
"""What a strategy remembers of n searches: arrays by name, each with one row for a search."""


@dataclass(frozen=True)
class Position:
    """Where n searches stand.

    Attributes:
        composed: shape (n, transform.size), the accepted candidate; the seed to begin with.
        score: shape (n,), the target's log-odds of the label there.
    """

    composed: Floats
    score: Singles

    def moved(self, search: Ints, composed: Floats, score: Singles) -> "Position":
        """Return a position in which searches ``search`` (each at most once) stand elsewhere."""
        new = Position(self.composed.copy(), self.score.copy())
        new.composed[search], new.score[search] = composed, score
        return new


@dataclass(frozen=True)
class Offer:
    """Candidates as a strategy makes them.

    Attributes:
        moves: shape (m, parameters), the move that makes each.
        composed: shape (m, transform.size).
        knobs: shape (m, k), the knobs that placed each; k = 0 if moves go on from where searches stand.
    """

    moves: Floats
    composed: Floats
    knobs: Floats


@dataclass(frozen=True)
class Proposals:
    """Candidates of one round; a search's candidates stand together, in the order of their steps.

    Attributes:
        search: shape (m,), which search (row of Position) each belongs to; ascending.
        step: shape (m,), its number within the search, counted from 0.
        target: shape (m,), the peer that is to be wrong.
        label: shape (m,).
        offer: the candidates themselves.
        realistic: shape (m,), True within the realism budget; others are put to no network.
    """

    search: Ints
    step: Ints
    target: Ints
    label: Ints
    offer: Offer
    realistic: Bools

    def __len__(self) -> int:
        return len(self.search)


@dataclass(frozen=True)
class Votes:
    """What the peers say of m candidates, as far as they were asked.

    Attributes:
        score: shape (peers, m), log-odds of the label; NaN where a peer was not asked.
        predicted: shape (peers, m), classes; -1 where a peer was not asked or gave no answer.
        asked: shape (peers, m), True where a peer was asked.
        gradient: shape (peers, m, transform.size), gradients of ``score`` with respect to the composed
            transform, NaN where none was taken; size 0 for strategies that ask for none.
    """

    score: Singles
    predicted: NDArray[np.int16]
    asked: Bools
    gradient: Singles

    def of(self, peer: Ints) -> "Evidence":
        """Return what one peer for each candidate, ``peer`` (m,), says."""
        columns = np.arange(len(peer))
        return Evidence(self.score[peer, columns], self.predicted[peer, columns])


@dataclass(frozen=True)
class Evidence:
    """What the target says of each proposal.

    Attributes:
        score: shape (m,), the target's log-odds of the label; NaN where it was not asked.
        predicted: shape (m,), the target's class; -1 where it was not asked.
    """

    score: Singles
    predicted: NDArray[np.int16]

    def wrong(self, label: Ints) -> Bools:
        """Tell where the target answers another class than the label."""
        return np.asarray((self.predicted >= 0) & (self.predicted != label))


class Strategy(ABC, Settings):
    """How a search proposes candidates, which it accepts, and what it learns from them.

    Strategies are pure: everything a search knows is in its Memory and its Position, and random numbers
    come from streams keyed by (search, step). All methods work search by search: what is proposed for one
    depends on nothing that another does.
    """

    @property
    @abstractmethod
    def label(self) -> str:
        """The strategy's name in tables."""

    @property
    @abstractmethod
    def stepwise(self) -> bool:
        """Whether the candidates of a round are tried one after another.

        If so, the first promising one with consensus is accepted, and those behind it were merely looked at
        ahead of their time. If not, a round is one generation: all of it counts and the best is accepted.
        """

    @property
    @abstractmethod
    def onward(self) -> bool:
        """Whether moves go on from where the search stands; if not, a candidate is one move of the seed."""

    @property
    @abstractmethod
    def lasting(self) -> bool:
        """Whether a search goes on after its first mistake."""

    @property
    @abstractmethod
    def gradients(self) -> bool:
        """Whether gradients are taken: of the target where it is right, of voters where they are wrong."""

    @abstractmethod
    def check(self, transform: Transform) -> None:
        """Make sure that the strategy can search a transform.

        Raises:
            OutvotedError: it cannot.
        """

    @abstractmethod
    def draws(self, transform: Transform) -> int:
        """Random numbers needed for one candidate."""

    @abstractmethod
    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Return what is known of a shard's searches from the votes on their seeds."""

    @abstractmethod
    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Say how many candidates to try at once for searches ``search`` (n,); 0 ends a search.

        ``stale`` (n,) says how many candidates in a row have not been accepted.
        """

    @abstractmethod
    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Make a candidate for each row of ``search`` (m,) from random numbers ``uniform`` (m, draws)."""

    @abstractmethod
    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Tell, from the target's answers alone, which proposals are worth asking the peers about; (m,)."""

    @abstractmethod
    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Return what is known after a round; ``consensus`` (m,) says where voters were asked and agree."""

    @abstractmethod
    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Return those of ``mistakes`` (rows of the proposals) that are recorded.

        At least one of each search that has found none yet; ``memory`` is as it was before the round.
        """


def placed(transform: Transform, knobs: Floats) -> Offer:
    """Make candidates of one move each from knobs (m, transform.knobs)."""
    moves = transform.place(knobs)
    return Offer(moves, transform.compose(transform.identity(len(moves)), moves), knobs)


def first_of_each(search: Ints, chosen: Bools) -> Ints:
    """Return the first chosen row of each search; ``search`` is ascending."""
    rows = np.flatnonzero(chosen)
    return rows[np.unique(search[rows], return_index=True)[1]]
