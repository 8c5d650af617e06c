"""Genetic algorithms over the knobs of a transform: a population, and PBIL's probabilities of bits."""

from typing import Annotated, ClassVar, Literal

import numpy as np
import scipy
from pydantic import Field

from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.strategies.base import Acceptance, Memory
from outvoted.search.strategies.generational import (
    UNTIL_A_MISTAKE,
    Generation,
    Generational,
    chosen,
    ranked,
)
from outvoted.search.transforms import Transform

_TOURNAMENT = 2


class Genetic(Generational):
    """Tournaments choose parents, uniform crossover mixes them, normal mutation moves the child's knobs.

    The best ``parents`` of parents and children together survive. Operators as in Eiben & Smith,
    "Introduction to Evolutionary Computing" (2nd ed.), chapters 4 and 5: tournaments of two, uniform
    crossover, (mu + lambda) survival.
    """

    kind: Literal["genetic"] = "genetic"
    acceptance: ClassVar[Acceptance] = UNTIL_A_MISTAKE
    parents: Annotated[int, Field(ge=2, le=4096)] = 6
    """How many survive a generation."""
    mutation: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Standard deviation of the mutation, as a share of each knob's range."""
    spread: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Standard deviation of the first generation about the seed."""

    def draws(self, transform: Transform) -> int:
        """Two tournaments, which parent each knob comes from, and the mutation."""
        return 2 * _TOURNAMENT + 2 * transform.knobs

    def start(self, transform: Transform, n: int) -> Memory:
        """Know no one fit yet."""
        return {
            "knobs": np.tile(np.array(transform.home), (n, self.parents, 1)),
            "fitness": np.full((n, self.parents), np.inf),
            "age": np.zeros(n, np.int64),
        }

    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Mutate children of two parents; in the beginning, the seed."""
        duels, rest = uniform[:, : 2 * _TOURNAMENT], uniform[:, 2 * _TOURNAMENT :]
        contest = np.sort((duels * self.parents).astype(np.int64).reshape(-1, 2, _TOURNAMENT), axis=2)
        mother, father = contest[:, 0, 0], contest[:, 1, 0]  # parents lie in order, the best first
        pool = memory["knobs"]
        child = np.where(rest[:, : transform.knobs] < 0.5, pool[search, mother], pool[search, father])
        scale = np.where(memory["age"][search] == 0, self.spread, self.mutation)[:, None]
        return np.asarray(child + scale * scipy.special.ndtri(rest[:, transform.knobs :]))

    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Let the best of parents and children survive."""
        knobs = np.concatenate([memory["knobs"], generation.knobs], axis=1)
        fitness = np.concatenate([memory["fitness"], generation.fitness], axis=1)
        order = ranked(fitness)[:, : self.parents]
        return {
            "knobs": chosen(knobs, order),
            "fitness": np.take_along_axis(fitness, order, axis=1),
            "age": memory["age"] + 1,
        }


class PBIL(Generational):
    """A vector of probabilities of bits, drawn from and pulled towards each generation's best.

    Baluja, "Population-Based Incremental Learning" (CMU-CS-94-163), Fig. 4: P = P (1 - LR) + best LR.
    Each knob is a binary number of ``bits`` bits. Instead of mutating P, it is kept within ``least`` and
    1 - ``least``.
    """

    kind: Literal["pbil"] = "pbil"
    acceptance: ClassVar[Acceptance] = UNTIL_A_MISTAKE
    bits: Annotated[int, Field(ge=2, le=16)] = 5
    """Bits of each knob."""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    """LR, how far the probabilities move towards the best candidate of a generation."""
    least: Annotated[float, Field(ge=0, lt=0.5)] = 0.04
    """Probabilities stay at least this far from 0 and 1."""

    def draws(self, transform: Transform) -> int:
        """One for each bit."""
        return transform.knobs * self.bits

    def start(self, transform: Transform, n: int) -> Memory:
        """Give every bit even odds."""
        return {"probability": np.full((n, transform.knobs * self.bits), 0.5)}

    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Draw bits."""
        return _numbers(uniform < memory["probability"][search], self.bits)

    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Pull the probabilities towards the bits of the best candidate, unless none is fit."""
        best = ranked(generation.fitness)[:, :1]
        bits = _bits(chosen(generation.knobs, best)[:, 0], self.bits)
        fit = np.isfinite(np.take_along_axis(generation.fitness, best, axis=1))
        pulled = memory["probability"] * (1 - self.rate) + bits * self.rate
        pulled = np.clip(pulled, self.least, 1 - self.least)
        return {"probability": np.where(fit, pulled, memory["probability"])}


def _numbers(bits: AnyArray, width: int) -> Floats:
    """Read each ``width`` bits, the highest first, as a number in [0, 1]; (n, k width) gives (n, k)."""
    number = np.zeros((len(bits), bits.shape[1] // width))
    for bit in range(width):
        number = 2 * number + bits[:, bit::width]
    return np.asarray(number / (2**width - 1))


def _bits(knobs: Floats, width: int) -> Floats:
    """Write knobs made of bits as bits again; (n, k) gives (n, k width)."""
    number = np.rint(knobs * (2**width - 1)).astype(np.int64)
    places = np.arange(width)[::-1]
    return np.asarray(((number[:, :, None] >> places) & 1).reshape(len(knobs), -1), dtype=np.float64)
