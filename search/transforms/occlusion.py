"""A grey rectangle laid over the image."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Shape

_MIDDLE = 127.5


class OcclusionRange(Settings):
    """Bounds of the rectangle."""

    position: Annotated[float, Field(ge=0, le=0.5)]
    """How far its centre goes from the image's along each axis, as a share of the image's side."""
    side: Annotated[float, Field(ge=0, le=1)]
    """Its width and height as shares of the image's."""
    grey: Annotated[float, Field(ge=0, le=127.5)]
    """Grey levels by which it is darker or lighter than mid-grey (127.5)."""


class Occlusion(Additive):
    """Covers a rectangle with one grey level in all channels.

    A pixel that the rectangle covers partly is changed by its covered share, so that the picture follows
    the rectangle smoothly. Width and height start at 0.
    """

    kind: Literal["occlusion"] = "occlusion"
    move: OcclusionRange = OcclusionRange(position=0.1, side=0.05, grey=30)
    budget: OcclusionRange = OcclusionRange(position=0.5, side=0.25, grey=127.5)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Centre, sides and grey level."""
        move, budget = self.move, self.budget
        return (
            Axis.about_zero("centre_x_share", move.position, budget.position),
            Axis.about_zero("centre_y_share", move.position, budget.position),
            Axis("width_share", move.side, 0.0, budget.side),
            Axis("height_share", move.side, 0.0, budget.side),
            Axis.about_zero("grey_from_middle_levels", move.grey, budget.grey),
        )

    @property
    def differentiable(self) -> bool:
        """Edges fade within a pixel."""
        return True

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Blend each pixel with the grey level by the share that is covered."""
        x, y, width, height, grey = composed.to(images.dtype).view(-1, 5, 1, 1, 1).unbind(1)
        across = _covered(x, width, images.shape[3]).view(-1, 1, 1, images.shape[3])
        down = _covered(y, height, images.shape[2]).view(-1, 1, images.shape[2], 1)
        return images + across * down * (grey + _MIDDLE - images)


def _covered(centre: torch.Tensor, side: torch.Tensor, pixels: int) -> torch.Tensor:
    """Return the share of each pixel along an axis that an interval covers; (n, 1, 1, pixels).

    Args:
        centre: shape (n, 1, 1, 1), distance from the image's centre as a share of its side.
        side: shape (n, 1, 1, 1), the interval's length as a share of the image's side.
        pixels: the image's side.
    """
    edges = torch.arange(pixels, dtype=centre.dtype, device=centre.device)
    start, end = (centre + 0.5 - side / 2) * pixels, (centre + 0.5 + side / 2) * pixels
    return (torch.minimum(edges + 1, end) - torch.maximum(edges, start)).clamp(min=0)
