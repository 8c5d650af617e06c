"""Transforms whose moves simply add up, each number within an interval."""

from abc import abstractmethod
from dataclasses import dataclass
from math import log

import numpy as np

from outvoted.search.arrays import Bools, Floats
from outvoted.search.transforms.base import Transform


@dataclass(frozen=True)
class Axis:
    """One number of an additive transform; 0 is no change.

    Attributes:
        name: what it measures, with its unit.
        reach: a move adds between -reach and reach.
        low: the realism budget's lower end, at most 0.
        high: the realism budget's upper end, at least 0.
        factor: whether the number is the natural logarithm of a factor, as which it is then described.
    """

    name: str
    reach: float
    low: float
    high: float
    factor: bool = False

    @classmethod
    def about_zero(cls, name: str, reach: float, limit: float) -> "Axis":
        """Return an axis that goes as far up as down."""
        return cls(name, reach, -limit, limit)

    @classmethod
    def ratio(cls, name: str, reach: float, limit: float) -> "Axis":
        """Return the axis of a factor between 1 / limit and limit, moved by up to the factor ``reach``."""
        return cls(name, log(reach), -log(limit), log(limit), factor=True)


class Additive(Transform):
    """A transform made of independent numbers that add up: every move is added to what was composed.

    Factors are moved in their logarithms, where multiplying is adding.
    """

    @property
    @abstractmethod
    def axes(self) -> tuple[Axis, ...]:
        """The numbers, in the order of a move."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The axes' names; of factors, the logarithm is recorded."""
        return tuple(f"log_{axis.name}" if axis.factor else axis.name for axis in self.axes)

    @property
    def measures(self) -> tuple[str, ...]:
        """The axes' names."""
        return tuple(axis.name for axis in self.axes)

    @property
    def size(self) -> int:
        """One number for each axis."""
        return len(self.axes)

    @property
    def draws(self) -> int:
        """One uniform for each axis."""
        return len(self.axes)

    @property
    def home(self) -> tuple[float, ...]:
        """Where 0 lies between the ends of each axis."""
        return tuple(axis.low / (axis.low - axis.high) if axis.low else 0.0 for axis in self.axes)

    def identity(self, n: int) -> Floats:
        """Return zeros."""
        return np.zeros((n, self.size))

    def sample(self, uniform: Floats) -> Floats:
        """Draw every number uniformly within its reach."""
        return (2.0 * uniform - 1.0) * [axis.reach for axis in self.axes]

    def place(self, knobs: Floats) -> Floats:
        """Spread the knobs evenly between the ends of each axis."""
        low, high = self._ends()
        return np.clip(low + knobs * (high - low), low, high)

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Add."""
        return composed + moves

    def describe(self, composed: Floats) -> Floats:
        """Return the numbers, factors as such."""
        described = np.array(composed)
        for place, axis in enumerate(self.axes):
            if axis.factor:
                described[:, place] = np.exp(np.ascontiguousarray(composed[:, place]))
        return described

    def within_budget(self, composed: Floats) -> Bools:
        """Tell where every number lies between its ends."""
        low, high = self._ends()
        return np.asarray(((composed >= low) & (composed <= high)).all(axis=1))

    def _ends(self) -> tuple[Floats, Floats]:
        return np.array([axis.low for axis in self.axes]), np.array([axis.high for axis in self.axes])
