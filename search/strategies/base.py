"""The interface of a search strategy: frozen settings, explicit state, many searches at once."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles
from outvoted.search.settings import Settings
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Position:
    """Where n searches stand.

    Attributes:
        composed: shape (n, transform.size), the accepted moves, composed.
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
class Proposals:
    """Candidates of one round; a search's candidates stand together, in the order of their steps.

    Attributes:
        search: shape (m,), which search (row of Position) each belongs to; ascending.
        step: shape (m,), its number within the search, counted from 0.
        moves: shape (m, parameters), the move that makes it.
        composed: shape (m, transform.size), the move applied to the search's position.
        realistic: shape (m,), True within the realism budget; others are put to no network.
    """

    search: Ints
    step: Ints
    moves: Floats
    composed: Floats
    realistic: Bools

    def __len__(self) -> int:
        return len(self.search)


@dataclass(frozen=True)
class Evidence:
    """What the target says of each proposal.

    Attributes:
        score: shape (m,), the target's log-odds of the label; NaN where it was not asked.
        predicted: shape (m,), the target's class; -1 where it was not asked.
    """

    score: Singles
    predicted: NDArray[np.int16]


class Strategy(ABC, Settings):
    """How a search proposes moves and which it accepts.

    The first proposal of a search that is promising and has the consensus of the peers is accepted.
    Strategies are pure; their moves come from streams keyed by (search, step), so looking further ahead
    changes nothing but the number of inferences.
    """

    @property
    @abstractmethod
    def label(self) -> str:
        """The strategy's name in tables."""

    @abstractmethod
    def lookahead(self, stale: Ints) -> Ints:
        """Say how many candidates to try at once, given how many in a row have failed; shape (n,), >= 1."""

    @abstractmethod
    def compose(self, transform: Transform, position: Position, search: Ints, moves: Floats) -> Floats:
        """Return the candidates that ``moves`` (m, parameters) make of searches ``search``; (m, size)."""

    @abstractmethod
    def promising(self, position: Position, proposals: Proposals, evidence: Evidence, labels: Ints) -> Bools:
        """Tell, from the target's answers alone, which proposals are worth asking the peers about; (m,)."""
