"""Zooming into a window that stays within the image."""

from math import log
from typing import Annotated, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Shape
from outvoted.search.transforms.geometric import Geometric


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

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Shrink positions about the centre, then move them to the window's."""
        zoom, x, y = composed.double().unbind(1)
        shrunk, none = torch.exp(-zoom), torch.zeros_like(zoom)
        room = (1 - shrunk) / 2
        across, down = x * room * (width - 1), y * room * (height - 1)
        return torch.stack((shrunk, none, across, none, shrunk, down), dim=1).to(composed.dtype)
