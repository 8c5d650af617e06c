"""Moving pixels about as affine maps can't: perspective, and a smooth distortion on a coarse grid."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.geometric import Geometric
from outvoted.search.transforms.resampling import Inverse, Positions

_NODES = 3


class PerspectiveRange(Settings):
    """Bounds of the perspective, symmetric about "no change"."""

    keystone: Annotated[float, Field(ge=0, lt=0.5)]
    """An edge of the image is enlarged by up to the factor 1 + keystone, and the one across from it shrunk to
    1 - keystone."""


class Perspective(Additive, Geometric):
    """The converging lines of a camera that is turned or tilted; the centre stays where it is.

    Positive numbers bring the right and the lower edge nearer. Maps of this kind are matrices
    [[1, 0, 0], [0, 1, 0], [g, h, 1]], which are multiplied by adding g and h; together with an affine part
    they make any homography.
    """

    kind: Literal["perspective"] = "perspective"
    move: PerspectiveRange = PerspectiveRange(keystone=0.03)
    budget: PerspectiveRange = PerspectiveRange(keystone=0.12)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The keystone along the width and along the height."""
        reach, limit = self.move.keystone, self.budget.keystone
        return tuple(Axis.about_zero(f"keystone_{axis}_share", reach, limit) for axis in "xy")

    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Return 3x3 matrices, whose last row counts positions in halves of the image's sides."""
        x, y = composed.unbind(1)
        none, one = torch.zeros_like(x), torch.ones_like(x)
        return torch.stack((one, none, none, none, one, none, x * (2 / width), y * (2 / height), one), dim=1)


class GridRange(Settings):
    """Bounds of the distortion, symmetric about "no change"."""

    shift: Annotated[float, Field(ge=0, le=0.15)]
    """How far each node goes along each axis, as a share of the image's side."""


class GridDistortion(Additive, Geometric):
    """Nodes of a grid of 3 x 3 over the image are shifted; between them the image follows smoothly.

    A free-form deformation with cubic B-splines (Rueckert et al., 1999): a position is shifted by the nodes
    around it, weighted by how near they are. Beyond the image's edges the shift fades out.
    """

    kind: Literal["grid_distortion"] = "grid_distortion"
    move: GridRange = GridRange(shift=0.015)
    budget: GridRange = GridRange(shift=0.05)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The shift of each node along the width and along the height, row by row."""
        places = range(1, _NODES + 1)
        names = (f"node{row}{column}_{axis}_share" for row in places for column in places for axis in "xy")
        return tuple(Axis.about_zero(name, self.move.shift, self.budget.shift) for name in names)

    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> Inverse:
        """Look where a position was shifted from: by the shift that is in force at the position itself."""
        shifts = composed.view(-1, _NODES, _NODES, 2, 1, 1)

        def shifted(x: torch.Tensor, y: torch.Tensor) -> Positions:
            columns, rows = _nearness(x / width), _nearness(y / height)
            across = down = torch.zeros_like(composed[:, :1, None])
            for row in range(_NODES):  # in this order for every image
                for axis in range(2):
                    along = sum(shifts[:, row, column, axis] * columns[column] for column in range(_NODES))
                    if axis == 0:
                        across = across + rows[row] * along
                    else:
                        down = down + rows[row] * along
            return x - across * width, y - down * height

        return shifted


def _nearness(share: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return how much each node of an axis counts at positions given as shares of a side, from the centre.

    The weights are cubic B-splines, as far apart as the nodes; inside the image they add up to 5/6 to 1.
    """
    distances = ((share * (_NODES - 1) - (node - (_NODES - 1) / 2)).abs() for node in range(_NODES))
    return tuple((_cubed(2 - away) - 4 * _cubed(1 - away)) / 6 for away in distances)


def _cubed(values: torch.Tensor) -> torch.Tensor:
    positive = values.clamp(min=0)
    return positive * positive * positive
