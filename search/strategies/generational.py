"""Strategies that try a generation of candidates at once and learn from all of it."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard
from outvoted.search.strategies.acceptance import BestOfGeneration, lower_or_wrong
from outvoted.search.strategies.base import (
    Memory,
    Offer,
    Position,
    Proposals,
    Proposer,
    Strategy,
    Votes,
    placed,
)
from outvoted.search.transforms import Transform

TRIED = "tried"
"""The memory's count of candidates."""
UNTIL_A_MISTAKE = BestOfGeneration(lower_or_wrong)


@dataclass(frozen=True)
class Generation:
    """What one generation of s searches showed.

    Attributes:
        search: shape (s,).
        knobs: shape (s, population, k), in [0, 1].
        fitness: shape (s, population): the target's log-odds of the label, the lower the better; infinite
            where a voter lost the label too.
        mistake: shape (s, population), True where the target is outvoted.
        predicted: shape (s, population), the target's class.
    """

    search: Ints
    knobs: Floats
    fitness: Floats
    mistake: Bools
    predicted: Ints


class Generational(Strategy, Proposer):
    """Candidates are knobs, placed anywhere in the realism budget; a generation is judged as a whole.

    All settings are the proposer's, so that the strategy is its own proposer.
    """

    population: Annotated[int, Field(ge=2, le=4096)] = 10
    """Candidates of one generation."""
    candidates: Annotated[int, Field(ge=2, le=10**6)] = 250
    """A search ends when less than a generation is left of this many, whether it still improves or not."""

    @model_validator(mode="after")
    def _at_least_one_generation(self) -> Self:
        if self.candidates < self.population:
            raise ValueError(
                f"{self.candidates} candidates are less than one generation of {self.population} (population)"
            )
        return self

    @property
    def proposer(self) -> Proposer:
        """The strategy itself."""
        return self

    def check(self, transform: Transform) -> None:
        """Refuse transforms without knobs."""
        refuse_without_knobs(self.label, transform)

    def begin(self, transform: Transform, shard: Shard, votes: Votes) -> Memory:
        """Start every search alike."""
        return {TRIED: np.zeros(len(shard), np.int64), **self.start(transform, len(shard))}

    def count(self, memory: Memory, search: Ints, stale: Ints) -> Ints:
        """Try a whole generation, as long as the candidates suffice."""
        return np.where(memory[TRIED][search] + self.population <= self.candidates, self.population, 0)

    def propose(
        self, transform: Transform, memory: Memory, position: Position, search: Ints, uniform: Floats
    ) -> Offer:
        """Place what the leaf breeds."""
        return placed(transform, np.clip(self.breed(transform, memory, search, uniform), 0.0, 1.0))

    def learn(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, consensus: Bools
    ) -> Memory:
        """Put the generation in order and let the leaf learn from it."""
        shape = (-1, self.population)
        search = proposals.search.reshape(shape)[:, 0]
        evidence = votes.of(proposals.target)
        asked = votes.asked.sum(axis=0) > 1
        unfit = ~np.isfinite(evidence.score) | (asked & ~consensus)
        generation = Generation(
            search,
            proposals.offer.knobs.reshape(*shape, transform.knobs),
            np.where(unfit, np.inf, evidence.score.astype(np.float64)).reshape(shape),
            (consensus & evidence.wrong(proposals.label)).reshape(shape),
            evidence.predicted.astype(np.int64).reshape(shape),
        )
        known = {name: rows[search] for name, rows in memory.items()}
        tried = {TRIED: known[TRIED] + self.population}
        return written(memory, search, self.evolve(transform, known, generation) | tried)

    @abstractmethod
    def start(self, transform: Transform, n: int) -> Memory:
        """Return what is known of n searches at their beginning."""

    @abstractmethod
    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Make knobs (m, k) of the next generation of searches ``search`` (m,); clipped to [0, 1] later."""

    @abstractmethod
    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Return what is known after a generation; ``memory`` and the result have its s searches alone."""


def refuse_without_knobs(strategy: str, transform: Transform) -> None:
    """Raise an OutvotedError unless a transform can place candidates by knobs."""
    if not transform.knobs:
        raise OutvotedError(
            expected=f"a transform whose realism budget '{strategy}' can search by knobs",
            found=f"{transform.parameters}, which only compose move by move",
            remedy="choose search.strategy.kind=hillclimb or random, or another search.transform",
        )


def written(memory: Memory, search: Ints, rows: Memory) -> Memory:
    """Return a memory in which searches ``search`` (s,) have other rows."""
    new = {name: array.copy() for name, array in memory.items()}
    for name, values in rows.items():
        new[name][search] = values
    return new


def ranked(fitness: Floats) -> Ints:
    """Return the order of fitness along the last axis, the best first; ties in the order of their steps."""
    return np.asarray(np.argsort(fitness, axis=-1, kind="stable"))


def chosen(values: Floats, order: Ints) -> Floats:
    """Return rows of (s, population, k) in an order (s, r)."""
    return np.asarray(np.take_along_axis(values, order[:, :, None], axis=1))
