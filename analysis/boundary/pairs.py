"""Which classes turn into which, and in how many steps."""

from collections import Counter
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

Pair = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]

_CLASSES = 10
# On a circle of ten classes, each is paired with both of its neighbours and with the one opposite.
USUAL: tuple[Pair, ...] = tuple(
    sorted([*((i, i + 1) for i in range(9)), (0, 9), *((i, i + 5) for i in range(5))])
)
"""Fifteen pairs i < j in which each of ten classes comes three times."""


class Pairs(Settings):
    """Pairs of classes i < j, every class in equally many (Vlaar, section 2)."""

    chosen: tuple[Pair, ...] = ()
    """The pairs; where they are left out, fifteen in which each of ten classes comes three times."""
    steps: Annotated[int, Field(ge=2, le=1001)] = 11
    """Images from one class to the other, both ends included."""

    @field_validator("chosen")
    @classmethod
    def _balanced(cls, chosen: tuple[Pair, ...]) -> tuple[Pair, ...]:
        for first, second in chosen:
            if first >= second:
                raise ValueError(f"i < j in every pair, not [{first}, {second}]")
        (pair, times), *_ = Counter(chosen).most_common(1) or [((0, 1), 1)]
        if times > 1:
            raise ValueError(f"every pair once, not [{pair[0]}, {pair[1]}] {times} times")
        counts = Counter(label for pair in chosen for label in pair).most_common()
        if counts and counts[0][1] != counts[-1][1]:
            (often, most), (rarely, least) = counts[0], counts[-1]
            raise ValueError(
                f"every class equally often: class {often} comes {most} times, class {rarely} {least}"
            )
        return chosen

    def of(self, classes: int) -> tuple[Pair, ...]:
        """Return the pairs for a data set with so many classes.

        Raises:
            OutvotedError: there are others than ten and no pairs are chosen, or one has a class too many.
        """
        if not self.chosen and classes != _CLASSES:
            raise OutvotedError(
                expected="pairs of classes in study.pairs.chosen: there are usual ones for ten classes alone",
                found=f"none, for the {classes} classes of the data",
                remedy="list them, say --set study.pairs.chosen=[[0,1],[1,2],[0,2]]",
            )
        beyond = [pair for pair in self.chosen if pair[1] >= classes]
        if beyond:
            raise OutvotedError(
                expected=f"pairs of the classes 0 to {classes - 1}",
                found=f"[{beyond[0][0]}, {beyond[0][1]}]",
                remedy="take it out of study.pairs.chosen",
            )
        return self.chosen or USUAL

    @property
    def alphas(self) -> Floats:
        """How far each step is on the way, from 0 to 1."""
        return np.linspace(0, 1, self.steps)


def interpolate(first: Floats, second: Floats, alphas: Floats) -> Floats:
    """Return (1 - alpha) first + alpha second for each alpha, shape (len(alphas), 100): Vlaar, eq. (1)."""
    return (1 - alphas)[:, None] * first + alphas[:, None] * second
