"""Transforms whose moves add up, each number within an interval; of these brightness, contrast and gamma."""

from abc import abstractmethod
from dataclasses import dataclass
from math import log
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings
from outvoted.search.transforms.base import Transform

Levels = Annotated[float, Field(ge=0, le=255)]
Ratio = Annotated[float, Field(ge=1, le=100)]

_MIDDLE = 127.5


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


class PhotometricRange(Settings):
    """Bounds of photometric parameters, symmetric about "no change"."""

    brightness: Levels
    """Grey levels (0-255) added or taken away."""
    contrast: Ratio
    """Differences from mid-grey are multiplied by a factor between 1 / contrast and contrast."""
    gamma: Ratio
    """Grey levels, as shares of white, are raised to a power between 1 / gamma and gamma."""


class Photometric(Additive):
    """Gamma, then contrast about mid-grey (127.5), then brightness.

    Contrast turns about mid-grey rather than about the image's mean: a pixel's new value then depends on
    nothing but the pixel.
    """

    kind: Literal["photometric"] = "photometric"
    move: PhotometricRange = PhotometricRange(brightness=6, contrast=1.05, gamma=1.05)
    budget: PhotometricRange = PhotometricRange(brightness=25, contrast=1.2, gamma=1.2)
    differentiable: ClassVar[bool] = True

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Added grey levels, and the two factors."""
        move, budget = self.move, self.budget
        return (
            Axis.about_zero("brightness_levels", move.brightness, budget.brightness),
            Axis.ratio("contrast", move.contrast, budget.contrast),
            Axis.ratio("gamma", move.gamma, budget.gamma),
        )

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Change each pixel by itself; what an earlier transform left outside 0-255 is clipped first."""
        brightness, contrast, gamma = composed.double().view(-1, 3, 1, 1, 1).unbind(1)
        bent = _powered(images, gamma.exp())
        steeper = torch.expm1(contrast).to(images.dtype)
        return bent + steeper * (bent - _MIDDLE) + brightness.to(images.dtype)


def _powered(images: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
    """Return 255 (x / 255) ** gamma.

    In double precision, so that a last bit that depends on a pixel's place in memory (powers are computed
    several at a time) is rounded away. Black stays black, and its infinite gradient counts as 0.
    """
    shares = images.double().clamp(0, 255) / 255
    lit = shares > 0
    powers = torch.where(lit, shares, 1).pow(gamma)
    return (torch.where(lit, powers, 0) * 255).to(images.dtype)
