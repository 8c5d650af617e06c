"""A genetic algorithm over the knobs of a transform."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.strategies.base import Memory
from outvoted.search.strategies.ending import Ending
from outvoted.search.strategies.generational import Generation, chosen, ranked
from outvoted.search.strategies.normals import normals
from outvoted.search.transforms import Transform

_TOURNAMENT = 2


class Genetic(Ending):
    """Tournaments choose parents, uniform crossover mixes them, normal mutation moves the child's knobs.

    The best ``parents`` of parents and children together survive. Operators as in Eiben & Smith,
    "Introduction to Evolutionary Computing" (2nd ed.), chapters 4 and 5: tournaments of two, uniform
    crossover, (mu + lambda) survival.
    """

    kind: Literal["genetic"] = "genetic"
    parents: Annotated[int, Field(ge=2, le=4096)] = 6
    """How many survive a generation."""
    mutation: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Standard deviation of the mutation, as a share of each knob's range."""
    spread: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Standard deviation of the first generation about the seed."""

    @property
    def label(self) -> str:
        """The strategy's name in tables."""
        return self.kind

    def draws(self, transform: Transform) -> int:
        """Two tournaments, which parent each knob comes from, and the mutation."""
        return 2 * _TOURNAMENT + transform.knobs + 2 * transform.knobs

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
        return np.asarray(child + scale * normals(rest[:, transform.knobs :]))

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
