"""Small rotations, translations, scalings and shears, composed as matrices."""

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings
from outvoted.search.transforms.base import Shape
from outvoted.search.transforms.geometric import Geometric

Degrees = Annotated[float, Field(ge=0, lt=90)]
Pixels = Annotated[float, Field(ge=0)]
Ratio = Annotated[float, Field(ge=1)]

_NAMES = ("rotation_deg", "translate_x_px", "translate_y_px", "scale_x", "scale_y", "shear_deg")
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_SLACK = 1e-12  # what composing and describing a map at the edge of the budget may lose to rounding


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

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names and units of a move's parameters."""
        return _NAMES

    @property
    def measures(self) -> tuple[str, ...]:
        """Composed moves are described as one move."""
        return _NAMES

    @property
    def size(self) -> int:
        """The six numbers of the inverse map."""
        return len(_IDENTITY)

    @property
    def draws(self) -> int:
        """One uniform for each parameter."""
        return len(_NAMES)

    @property
    def home(self) -> tuple[float, ...]:
        """The middle of every range."""
        return (0.5,) * len(_NAMES)

    def check(self, shape: Shape) -> None:
        """Fit every image."""

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
    slope = np.tan(np.radians(np.ascontiguousarray(moves[:, 5])))
    cos, sin = np.cos(angle), np.sin(angle)
    sx, sy = moves[:, 3], moves[:, 4]
    return (cos + slope * sin) / sx, (sin - slope * cos) / sx, -sin / sy, cos / sy
