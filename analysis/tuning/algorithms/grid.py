"""Every combination of listed values."""

from collections.abc import Mapping
from typing import Any, Literal

from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals, Suggester
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space
from outvoted.search.errors import OutvotedError


class GridSearch(Algorithm):
    """Every combination of the values that keys list, once."""

    kind: Literal["grid"] = "grid"

    @property
    def adaptive(self) -> bool:
        """No."""
        return False

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Refuse ranges, which have no end of values."""
        ranges = [dimension.path for dimension in space.dimensions if dimension.values is None]
        if ranges:
            raise OutvotedError(
                expected="a grid or choice of values for every key, for algorithm grid",
                found=f"a range for {', '.join(ranges)}",
                remedy="list its values (grid: [1, 2, 5]), or choose another algorithm, say random",
            )

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin with the first point that is not among those kept."""
        return _Grid(space, kept)


class _Grid(Suggester):
    """Gives the space's points in order, round those that earlier trials have."""

    def __init__(self, space: Space[Any], kept: Mapping[int, Point]) -> None:
        self._space, self._kept = space, dict(kept)
        self._taken = set(self._kept.values())
        self._rest = (point for point in space.points() if point not in self._taken)

    def suggest(self, number: int) -> Point | None:
        """Return what the trial has already, or else the next point."""
        return self._kept.get(number) or next(self._rest, None)

    def total(self, wanted: int) -> int:
        """Return the size of the grid, with what earlier trials have that is no longer in it."""
        outside = sum(not self._space.holds(point) for point in self._taken)
        return (self._space.count() or 0) + outside
