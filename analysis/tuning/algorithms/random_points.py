"""Points drawn at random."""

from collections.abc import Mapping
from typing import Any, Literal
from zlib import crc32

import numpy as np

from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals, Suggester
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space
from outvoted.search.streams import Purpose, uniforms


class RandomPoints(Algorithm):
    """Points drawn at random (Bergstra & Bengio, JMLR 13, 2012), each of them whichever others are drawn.

    A key's value in trial n follows from the sweep's seed, n and the key's name alone, so further keys or
    trials change nothing in it.
    """

    kind: Literal["random"] = "random"

    @property
    def adaptive(self) -> bool:
        """No."""
        return False

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Take everything."""

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin; nothing depends on earlier trials."""
        return _Draws(space, seed)


class _Draws(Suggester):
    """Draws each point from streams of its own."""

    def __init__(self, space: Space[Any], seed: int) -> None:
        self._space, self._seed = space, seed
        self._steps = np.array([crc32(one.path.encode()) for one in space.dimensions], np.int64)

    def suggest(self, number: int) -> Point:
        """Draw the point of a trial."""
        numbers = np.full(len(self._steps), number, np.int64)
        units = uniforms(self._seed, Purpose.POINT, numbers, self._steps, 1)[:, 0]
        return self._space.at(units.tolist())
