"""MAP-Elites: the best candidate of every kind, and a mistake of every kind."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import scipy
from pydantic import Field

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.strategies.acceptance import JudgedTogether, lower_or_wrong
from outvoted.search.strategies.base import Acceptance, Memory, Proposals, Votes, placed
from outvoted.search.strategies.generational import TRIED, Generation, Generational
from outvoted.search.transforms import Transform

_MOST_CELLS = 4096


class MapElites(Generational):
    """A grid over what the transform measures; each cell keeps the candidate with the lowest score.

    Mouret & Clune, "Illuminating search spaces by mapping elites" (2015), section 3. A search goes on after
    its first mistake: the first of each class in each cell is recorded. So the mistakes of a run fill a map
    of weaknesses: how far turned, scaled, leaning..., and which label was taken for which.
    """

    kind: Literal["map-elites"] = "map-elites"
    descriptors: tuple[str, ...] = ()
    """Which measures of the transform span the grid; the first three if left out."""
    bins: Annotated[int, Field(ge=2, le=16)] = 4
    """Cells along each descriptor."""
    mutation: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Standard deviation of the mutation, as a share of each knob's range."""

    @property
    def acceptance(self) -> Acceptance:
        """Fill the map until the candidates are spent."""
        return FirstOfEachKind(lower_or_wrong, self)

    def check(self, transform: Transform) -> None:
        """Refuse transforms without knobs, and descriptors that are none of the transform's measures."""
        super().check(transform)
        for name in self.descriptors:
            if name not in transform.measures:
                raise OutvotedError(
                    expected=f"search.strategy.descriptors among {transform.measures}",
                    found=f"'{name}'",
                    remedy=suggestion(name, transform.measures),
                )
        cells = self.bins ** len(self.axes(transform))
        if cells > _MOST_CELLS:
            raise OutvotedError(
                expected=f"a grid of at most {_MOST_CELLS} cells, which every search keeps for itself",
                found=f"{cells} cells",
                remedy="choose fewer search.strategy.descriptors or bins",
            )

    def draws(self, transform: Transform) -> int:
        """Which elite, and its mutation."""
        return 1 + transform.knobs

    def start(self, transform: Transform, n: int) -> Memory:
        """Put the seed into its cell: all else is bred from it."""
        cells = self.bins ** len(self.axes(transform))
        knobs = np.tile(np.array(transform.home), (n, cells, 1))
        return {
            "knobs": knobs,
            "fitness": np.full((n, cells), np.inf),
            "elites": np.zeros((n, cells), np.int64),
            "filled": np.zeros(n, np.int64),
            "caught": np.full((n, self.candidates), -1, np.int64),
        }

    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Mutate an elite, each cell being as likely as another."""
        filled = memory["filled"][search]
        which = np.minimum((uniform[:, 0] * filled).astype(np.int64), np.maximum(filled - 1, 0))
        elite = memory["elites"][search, which]
        away = self.mutation * scipy.special.ndtri(uniform[:, 1:])
        return np.asarray(memory["knobs"][search, elite] + away)

    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Let every candidate, one after another, take the cell it beats."""
        new = {name: array.copy() for name, array in memory.items()}
        rows = np.arange(len(generation.search))
        for k in range(self.population):
            knobs, fitness = generation.knobs[:, k], generation.fitness[:, k]
            cell = self.cells(transform, knobs)
            wins = rows[fitness < new["fitness"][rows, cell]]
            fresh = wins[np.isinf(new["fitness"][wins, cell[wins]])]
            new["elites"][fresh, new["filled"][fresh]] = cell[fresh]
            new["filled"][fresh] += 1
            new["fitness"][wins, cell[wins]], new["knobs"][wins, cell[wins]] = fitness[wins], knobs[wins]
            kind = _kind(cell, generation.predicted[:, k])
            new["caught"][rows, memory[TRIED] + k] = np.where(generation.mistake[:, k], kind, -1)
        return new

    def axes(self, transform: Transform) -> tuple[int, ...]:
        """Return which measures span the grid."""
        names = self.descriptors or transform.measures[:3]
        return tuple(transform.measures.index(name) for name in names)

    def cells(self, transform: Transform, knobs: Floats) -> Ints:
        """Return the cell of each candidate; knobs (m, k) give (m,)."""
        ends = np.stack([np.zeros(transform.knobs), np.ones(transform.knobs)])
        low, high = np.sort(_measured(transform, ends), axis=0)
        measured = _measured(transform, knobs)
        cell = np.zeros(len(knobs), np.int64)
        for axis in self.axes(transform):
            share = (measured[:, axis] - low[axis]) / max(high[axis] - low[axis], 1e-12)
            cell = cell * self.bins + np.clip((share * self.bins).astype(np.int64), 0, self.bins - 1)
        return np.asarray(cell)


@dataclass(frozen=True)
class FirstOfEachKind(JudgedTogether):
    """The first mistake of each class in each cell of a grid is recorded; only patience ends a search."""

    grid: MapElites

    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Record what was not caught before."""
        search = proposals.search[mistakes]
        cell = self.grid.cells(transform, proposals.offer.knobs[mistakes])
        kind = _kind(cell, votes.of(proposals.target).predicted[mistakes])
        new = (memory["caught"][search] != kind[:, None]).all(axis=1)
        _, first = np.unique(np.stack([search, kind])[:, new], axis=1, return_index=True)
        return np.asarray(mistakes[new][np.sort(first)])

    def tries(self, wanted: Ints, left: Ints, found: Bools) -> Ints:
        """Try whole generations."""
        return np.where(left == 0, 0, wanted)


def _kind(cell: Ints, predicted: AnyArray) -> Ints:
    """Number each pair of a cell and a class."""
    return np.asarray(cell * 2**16 + predicted)


def _measured(transform: Transform, knobs: Floats) -> Floats:
    return transform.describe(placed(transform, knobs).composed)
