"""Moving pixels about: affine moves and crops, for which the seed is resampled once under one map."""

from abc import abstractmethod
from math import log
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Transform
from outvoted.search.transforms.resampling import Border, Inverse, resample, usual_border

Degrees = Annotated[float, Field(ge=0, lt=90)]
Pixels = Annotated[float, Field(ge=0)]
Ratio = Annotated[float, Field(ge=1)]

_NAMES = ("rotation_deg", "translate_x_px", "translate_y_px", "scale_x", "scale_y", "shear_deg")
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_SLACK = 1e-12  # what composing and describing a map at the edge of the budget may lose to rounding


class Geometric(Transform):
    """A transform that is a map of pixel positions.

    Several of them in a row are one map: a chain joins them and resamples once.
    """

    border: Border | Literal["auto"] = "auto"
    """What is seen beyond the image's edges. ``auto`` is ``reflect`` for colour images and ``black`` for
    images of one channel; a run records which it was."""
    differentiable: ClassVar[bool] = True  # bilinear resampling is

    @abstractmethod
    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> Inverse:
        """Return the map that :func:`resample` takes, for images of a height and width."""

    def border_of(self, channels: int) -> Border:
        """Return what is seen beyond the edges of images with so many channels."""
        return usual_border(channels) if self.border == "auto" else self.border

    def settled(self, channels: int) -> Self:
        """Decide on the border."""
        return super().settled(channels).model_copy(update={"border": self.border_of(channels)})

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Resample each image once."""
        _, channels, height, width = images.shape
        return resample(images, self.inverse_map(composed, height, width), self.border_of(channels))


class AffineRange(Settings):
    """Bounds of affine parameters, symmetric about "no change"."""

    rotation: Degrees
    """Degrees, clockwise or counter-clockwise."""
    translation: Pixels
    """Pixels along each axis."""
    scale: Ratio
    """Each axis is scaled by a factor between 1 / scale and scale."""
    shear: Degrees
    """Degrees by which vertical lines lean."""


class Affine(Geometric):
    """Affine moves about the image's centre.

    A move draws every parameter uniformly (scales uniformly in their logarithm) from ``move``; the
    composed map must stay within ``budget``. The composed transform is the *inverse* map
    (a, b, c, d, e, f) that :func:`resample` takes.
    """

    kind: Literal["affine"] = "affine"
    move: AffineRange = AffineRange(rotation=7, translation=0.7, scale=1.07, shear=7)
    budget: AffineRange = AffineRange(rotation=10, translation=1, scale=1.1, shear=10)

    parameters: ClassVar[tuple[str, ...]] = _NAMES
    measures: ClassVar[tuple[str, ...]] = _NAMES  # composed moves are described as one move
    size: ClassVar[int] = len(_IDENTITY)
    home: ClassVar[tuple[float, ...]] = (0.5,) * len(_NAMES)

    def identity(self, n: int) -> Floats:
        """Return n identity maps."""
        return np.tile(np.array(_IDENTITY), (n, 1))

    def sample(self, uniform: Floats) -> Floats:
        """Draw moves within ``move``."""
        return _spread(uniform, self.move)

    def place(self, knobs: Floats) -> Floats:
        """Make moves anywhere within ``budget``."""
        return _spread(knobs, self.budget)

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Apply each move after what is composed so far.

        The move maps p to L p + t with L = R(rotation) Shear(shear) diag(scale_x, scale_y); written out
        entry by entry, so that no batched product can round one row unlike another.
        """
        a, b, c, d, e, f = composed.T
        ia, ib, id_, ie = _inverse_linear(moves)
        tx, ty = moves[:, 1], moves[:, 2]
        na, nb = a * ia + b * id_, a * ib + b * ie
        nd, ne = d * ia + e * id_, d * ib + e * ie
        return np.stack((na, nb, c - (na * tx + nb * ty), nd, ne, f - (nd * tx + ne * ty)), axis=1)

    def describe(self, composed: Floats) -> Floats:
        """Split the forward map into rotation, translation, scales and shear."""
        a, b, c, d, e, f = composed.T
        determinant = a * e - b * d
        fa, fb, fd, fe = e / determinant, -b / determinant, -d / determinant, a / determinant
        scale_x = np.hypot(fa, fd)
        scale_y = (fa * fe - fb * fd) / scale_x
        columns = (
            np.degrees(np.arctan2(fd, fa)),
            -(fa * c + fb * f),
            -(fd * c + fe * f),
            scale_x,
            scale_y,
            np.degrees(np.arctan((fa * fb + fd * fe) / (scale_x * scale_y))),
        )
        return np.stack(columns, axis=1)

    def within_budget(self, composed: Floats) -> Bools:
        """Tell which composed maps stay within ``budget``."""
        rotation, tx, ty, sx, sy, shear = np.abs(self.describe(composed)).T
        limit = self.budget
        largest = np.maximum(np.maximum(sx, 1 / sx), np.maximum(sy, 1 / sy))
        return np.asarray(
            (rotation <= limit.rotation + _SLACK)
            & (np.maximum(tx, ty) <= limit.translation + _SLACK)
            & (largest <= limit.scale + _SLACK)
            & (shear <= limit.shear + _SLACK)
        )

    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Return the composed map: positions are counted from the centre, whatever the image's size."""
        return composed


def _spread(unit: Floats, rng: AffineRange) -> Floats:
    """Turn numbers in [0, 1] into moves within a range."""
    signed = 2.0 * unit - 1.0
    scales = np.exp(np.ascontiguousarray(signed[:, 3:5]) * np.log(rng.scale))
    columns = (
        signed[:, 0] * rng.rotation,
        signed[:, 1] * rng.translation,
        signed[:, 2] * rng.translation,
        scales[:, 0],
        scales[:, 1],
        signed[:, 5] * rng.shear,
    )
    return np.stack(columns, axis=1)


def _inverse_linear(moves: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Invert L = R(rotation) [[sx, sy tan(shear)], [0, sy]], entry by entry."""
    angle = np.radians(np.ascontiguousarray(moves[:, 0]))
    lean = np.tan(np.radians(np.ascontiguousarray(moves[:, 5])))
    cos, sin = np.cos(angle), np.sin(angle)
    sx, sy = moves[:, 3], moves[:, 4]
    return (cos + lean * sin) / sx, (sin - lean * cos) / sx, -sin / sy, cos / sy


class CropRange(Settings):
    """Bounds of the window's size and place."""

    zoom: Annotated[float, Field(ge=1, le=100)]
    """The window's sides are those of the image divided by a factor between 1 and zoom."""
    position: Annotated[float, Field(ge=0, le=1)]
    """How far the window goes from the centre (0) towards the image's edges (1)."""


class Crop(Additive, Geometric):
    """Cuts out a window of the image's proportions and stretches it to the image's size.

    The place is counted in shares of the room that the window has, so it never leaves the image, whatever
    its size: at position 1 its outermost pixel centres are those of the image.
    """

    kind: Literal["crop"] = "crop"
    move: CropRange = CropRange(zoom=1.04, position=0.25)
    budget: CropRange = CropRange(zoom=1.15, position=1)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The zoom, which starts at its lower end, and the window's place."""
        move, budget = self.move, self.budget
        return (
            Axis("zoom", log(move.zoom), 0.0, log(budget.zoom), factor=True),
            Axis.about_zero("position_x_share", move.position, budget.position),
            Axis.about_zero("position_y_share", move.position, budget.position),
        )

    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Shrink positions about the centre, then move them to the window's."""
        zoom, x, y = composed.double().unbind(1)
        shrunk, none = torch.exp(-zoom), torch.zeros_like(zoom)
        room = (1 - shrunk) / 2
        across, down = x * room * (width - 1), y * room * (height - 1)
        return torch.stack((shrunk, none, across, none, shrunk, down), dim=1).to(composed.dtype)
