"""What a strategy is made of, and the arrays that pass between it and the climb."""

import itertools
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints, RowArrays, Singles
from outvoted.search.plan import Shard
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform

DEAR = 2**62
"""Operations of a network that have not been counted, or cannot be."""
Memory = Mapping[str, AnyArray]
"""What a proposer remembers of n searches: arrays by name, each with one row for a search."""


@dataclass(frozen=True)
class Offer(RowArrays):
    """Candidates as a proposer makes them.

    Attributes:
        moves: shape (m, parameters), the move that makes each.
        composed: shape (m, transform.size).
        knobs: shape (m, k), the knobs that placed each; k = 0 if none did.
        onward: shape (m,), True where the move goes on from where the search stands, False where it moves
            the untouched seed.
    """

    moves: Floats
    composed: Floats
    knobs: Floats
    onward: Bools


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
class Position:
    """Where n searches stand.

    Attributes:
        composed: shape (n, transform.size), the accepted candidate; the seed to begin with.
        score: shape (n,), the target's log-odds of the label there.
        moves: shape (n,), how many moves lead there.
        latest: shape (n,), the place of the latest of these in ``log``; -1 at the seed.
        log: all moves that were ever accepted.
    """

    composed: Floats
    score: Singles
    moves: Ints
    latest: Ints
    log: "MoveLog"

    @staticmethod
    def at_seeds(transform: Transform, score: Singles) -> "Position":
        """Return the position of searches that have not moved, from the scores of their seeds (n,)."""
        n = len(score)
        none = np.zeros(n, np.int64)
        return Position(transform.identity(n), score, none, none - 1, MoveLog(len(transform.parameters)))

    def trail(self, search: int) -> Floats:
        """Return the moves that lead to where a search stands, shape (moves, parameters)."""
        return self.log.trail(int(self.latest[search]))

    def trails_to(self, proposals: Proposals, rows: Ints) -> tuple[Floats, ...]:
        """Return the moves that lead to some rows of the proposals, shape (moves, parameters) each."""
        offer, searches = proposals.offer, proposals.search[rows].tolist()
        lone = offer.moves[rows][:, None]
        ways = zip(searches, lone, offer.onward[rows] & (self.moves[searches] > 0), strict=True)
        return tuple(np.concatenate([self.trail(n), move]) if onward else move for n, move, onward in ways)

    def moved(self, proposals: Proposals, rows: Ints, score: Singles) -> "Position":
        """Return a position in which some searches stand on proposals ``rows``, at most one for each."""
        if not len(rows):
            return self
        search, offer = proposals.search[rows], proposals.offer
        onward = offer.onward[rows]
        new = replace(
            self,
            composed=self.composed.copy(),
            score=self.score.copy(),
            moves=self.moves.copy(),
            latest=self.latest.copy(),
        )
        new.composed[search], new.score[search] = offer.composed[rows], score
        new.moves[search] = 1 + np.where(onward, self.moves[search], 0)
        new.latest[search] = len(self.log) + np.arange(len(rows))
        before = np.where(onward, self.latest[search], -1)
        return replace(new, log=self.log.plus(before, offer.moves[rows]))


@dataclass(frozen=True)
class MoveLog:
    """Accepted moves in the order of their acceptance, those of a round together; numbered from 0.

    Attributes:
        parameters: how many numbers a move has.
        ends: for each round, how many moves there are with it and all rounds before.
        before: for each round, which move each of its moves went on from, -1 for the seed.
        moves: for each round, its moves, shape (k, parameters).
    """

    parameters: int
    ends: tuple[int, ...] = ()
    before: tuple[Ints, ...] = ()
    moves: tuple[Floats, ...] = ()

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def plus(self, before: Ints, moves: Floats) -> "MoveLog":
        """Add the moves of a round."""
        end = len(self) + len(before)
        return MoveLog(self.parameters, (*self.ends, end), (*self.before, before), (*self.moves, moves))

    def trail(self, latest: int) -> Floats:
        """Return the moves up to a latest one (none up to -1), the first of them first."""
        found: list[Floats] = []
        while latest >= 0:
            part = bisect_right(self.ends, latest)
            row = latest - (self.ends[part - 1] if part else 0)
            found.append(self.moves[part][row])
            latest = int(self.before[part][row])
        return np.array(found[::-1]).reshape(-1, self.parameters)


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


@dataclass(frozen=True)
class Votes:
    """What the peers say of m candidates, as far as they were asked.

    Attributes:
        score: shape (peers, m), log-odds of the label; NaN where a peer was not asked.
        predicted: shape (peers, m), classes; -1 where a peer was not asked or gave no answer.
        asked: shape (peers, m), True where a peer was asked.
        gradient: shape (peers, m, transform.size), gradients of ``score`` with respect to the composed
            transform, NaN where none was taken; size 0 for proposers that ask for none.
    """

    score: Singles
    predicted: NDArray[np.int16]
    asked: Bools
    gradient: Singles

    def columns(self, chosen: Ints) -> "Votes":
        """Return the votes on chosen candidates."""
        return Votes(*(array[:, chosen] for array in vars(self).values()))

    def of(self, peer: Ints) -> Evidence:
        """Return what one peer for each candidate, ``peer`` (m,), says."""
        columns = np.arange(len(peer))
        return Evidence(self.score[peer, columns], self.predicted[peer, columns])


@dataclass(frozen=True)
class Chosen:
    """What becomes of a round's proposals, as rows of them; each at most one for a search.

    Attributes:
        accepted: where searches stand next.
        last: the row up to which a search got, where it did not get through all of its own.
        failed: the row at which a search failed.
    """

    accepted: Ints
    last: Ints
    failed: Ints

    def tried(self, proposals: Proposals) -> Bools:
        """Tell which proposals the searches got to; those behind were speculative. Shape (m,)."""
        end = np.full(proposals.search.max(initial=-1) + 1, np.iinfo(np.int64).max)
        end[proposals.search[self.last]] = proposals.step[self.last]
        return np.asarray(proposals.step <= end[proposals.search])


class Proposer(ABC):
    """Makes candidates, and learns from what is said of them; see ``outvoted.search.strategies``."""

    gradients: ClassVar[bool] = False
    """Whether it learns from gradients: of the target where it is correct, of voters where they are not."""

    @abstractmethod
    def draws(self, transform: Transform) -> int:
        """Random numbers needed for one candidate."""

    def sittings(self, order: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Say which voters are asked together about a candidate.

        The next are asked only if none before has objected: one after another, unless something is learnt
        from what each of them says.
        """
        return tuple((peer,) for peer in order)

    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Return what is known of a shard's searches from the votes on their seeds: usually nothing."""
        return {}

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

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Return what is known after a round; ``consensus`` (m,) says where voters were asked and agree."""
        return memory


class Acceptance(ABC):
    """Decides what becomes of candidates; see ``outvoted.search.strategies``."""

    @abstractmethod
    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Tell, from the target's answers alone, which proposals are worth asking the peers about; (m,)."""

    @abstractmethod
    def accept(
        self, position: Position, proposals: Proposals, evidence: Evidence, consensus: Bools, broken: Bools
    ) -> Chosen:
        """Choose where searches move to, and where they fail.

        ``consensus`` (m,) tells which proposals the voters were asked about and agree on, ``broken`` (m,) for
        which a network's answer makes no sense: a search that gets as far fails.
        """

    @abstractmethod
    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Return those of ``mistakes`` (rows of the proposals) that are recorded.

        At least one of each search that has found none yet; ``memory`` is as it was before the round.
        """

    @abstractmethod
    def tries(self, wanted: Ints, left: Ints, found: Bools) -> Ints:
        """Say how many of the candidates that a proposer wants are tried, 0 to end a search; (n,).

        ``left`` (n,) is the patience that is left, in candidates; ``found`` (n,) tells which searches have
        found a mistake.
        """


class Strategy(ABC, Settings):
    """A proposer and an acceptance, composed by frozen settings."""

    kind: str
    weighs_operations: ClassVar[bool] = False
    """Whether ``picked`` depends on what the networks cost, so that it must be counted."""

    @property
    def label(self) -> str:
        """The strategy's name in tables: its kind, or the name of a user's own class."""
        return self.kind.rpartition(":")[2]

    @property
    @abstractmethod
    def proposer(self) -> Proposer:
        """Makes candidates."""

    @property
    @abstractmethod
    def acceptance(self) -> Acceptance:
        """Decides what becomes of them."""

    def picked(self, transform: Transform, operations: int = DEAR) -> "Strategy":
        """Return the strategy that searches a transform: itself, unless its business is to pick another.

        Args:
            operations: floating-point operations that the costliest network of the panel takes for an image.
        """
        return self

    def check(self, transform: Transform) -> None:
        """Make sure that the strategy can search a transform; usually it can search any.

        Raises:
            OutvotedError: it cannot.
        """


def strategy_names(strategies: Iterable[Strategy]) -> list[str]:
    """Name strategies by names fit for folders, which stay the same when more strategies are appended.

    The colon of import paths is replaced; of two strategies of one kind the second gets a number.
    """
    taken: list[str] = []
    for strategy in strategies:
        plain = re.sub(r"[^\w+-]+", ".", strategy.label).strip(".") or "strategy"
        names = (plain if number == 1 else f"{plain}-{number}" for number in itertools.count(1))
        taken.append(next(name for name in names if name not in taken))
    return taken


def moved_on(transform: Transform, position: Position, search: Ints, moves: Floats) -> Offer:
    """Make candidates by moving on, from where searches ``search`` (m,) stand, by ``moves``."""
    m = len(moves)
    composed = transform.compose(position.composed[search], moves)
    return Offer(moves, composed, np.empty((m, 0)), np.ones(m, bool))


def moved_seed(transform: Transform, moves: Floats) -> Offer:
    """Make candidates of one move of the seed each."""
    m = len(moves)
    composed = transform.compose(transform.identity(m), moves)
    return Offer(moves, composed, np.empty((m, 0)), np.zeros(m, bool))


def placed(transform: Transform, knobs: Floats) -> Offer:
    """Make candidates of one move of the seed each from knobs (m, transform.knobs), each 0 to 1."""
    offer = moved_seed(transform, transform.place(knobs))
    return Offer(offer.moves, offer.composed, knobs, offer.onward)
