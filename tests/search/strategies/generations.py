"""Feeding generational strategies with a fitness of the knobs alone, without panel and climb."""

from collections.abc import Callable, Iterator

import numpy as np

from outvoted.search.arrays import Floats, Ints
from outvoted.search.plan import Shard
from outvoted.search.strategies import Generation, Generational, Memory, Position, Proposals, Votes
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms import Affine

AFFINE = Affine()
KNOBS = AFFINE.knobs
LABEL = 1


def generation(knobs: Floats, fitness: Floats) -> Generation:
    """A generation without mistakes; knobs (s, population, k), fitness (s, population)."""
    none = np.zeros(fitness.shape, bool)
    return Generation(np.arange(len(knobs)), knobs, fitness, none, np.full(fitness.shape, LABEL))


def votes_of(scores: Floats, predicted: Ints) -> Votes:
    """What two peers, the target and one voter who is always right, say of m candidates."""
    m = len(scores)
    said = np.stack([scores, np.ones(m)]).astype(np.float32)
    classes = np.stack([predicted, np.full(m, LABEL)]).astype(np.int16)
    return Votes(said, classes, np.ones((2, m), bool), np.empty((2, m, 0), np.float32))


def begun(strategy: Generational, n: int) -> Memory:
    """The beginning of n searches."""
    rows = np.arange(n)
    seeds = Shard(rows, rows, np.zeros(n, np.int64), np.ones(n, np.int64), rows)
    return strategy.begin(AFFINE, seeds, votes_of(np.ones(n), np.full(n, LABEL)))


def bred(strategy: Generational, memory: Memory, n: int, number: int) -> Proposals:
    """The candidates of n searches' generation ``number``."""
    search = np.repeat(np.arange(n), strategy.population)
    step = number * strategy.population + np.tile(np.arange(strategy.population), n)
    uniform = uniforms(5, Purpose.MOVE, search, step, strategy.draws(AFFINE))
    nowhere = Position.at_seeds(AFFINE, np.ones(n, np.float32))
    offer = strategy.propose(AFFINE, memory, nowhere, search, uniform)
    zero = np.zeros(len(search), np.int64)
    return Proposals(search, step, zero, zero + LABEL, offer, AFFINE.within_budget(offer.composed))


Judge = Callable[[Floats], tuple[Floats, Ints]]
"""Takes knobs (m, k); gives the target's scores and classes, (m,) each."""


def generations(
    strategy: Generational, n: int, count: int, judge: Judge
) -> Iterator[tuple[Memory, Proposals, Votes, Memory]]:
    """Run generations of n searches: each with what was known before it and after."""
    memory = begun(strategy, n)
    for number in range(count):
        proposals = bred(strategy, memory, n, number)
        votes = votes_of(*judge(proposals.offer.knobs))
        agreed = np.ones(len(proposals), bool)
        after = strategy.learn(AFFINE, memory, proposals, votes, agreed)
        yield memory, proposals, votes, after
        memory = after
