"""The blur of a camera that moved while the shutter was open."""

from math import ceil, sqrt
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.resampling import resample


class MotionRange(Settings):
    """Bounds of the camera's way, symmetric about "no change"."""

    way: Annotated[float, Field(ge=0, le=0.5)]
    """How far it went along each axis, as a share of the image's longer side."""


class MotionBlur(Additive):
    """The mean of the image shifted along a straight way, whose middle is where the image was.

    Beyond its edges the image goes on unchanged. Ways of 0.028 and 0.046 have the standard deviation of
    ImageNet-C's motion blur at severities 1 and 2; 0.033 along both axes is 0.046.
    """

    kind: Literal["motion_blur"] = "motion_blur"
    move: MotionRange = MotionRange(way=0.01)
    budget: MotionRange = MotionRange(way=0.033)
    differentiable: ClassVar[bool] = True  # but flat at the seed: a way and its opposite blur alike

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The way along the width and along the height."""
        return tuple(Axis.about_zero(f"way_{axis}_share", self.move.way, self.budget.way) for axis in "xy")

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Add up as many shifted images as keep the longest way's steps within a pixel."""
        side = max(images.shape[2:])
        count = max(1, ceil(sqrt(2) * self.budget.way * side))
        x, y = (composed * side).to(images.dtype).unbind(1)
        none, one = torch.zeros_like(x), torch.ones_like(x)
        total = torch.zeros_like(images)
        for step in range(count):  # in this order for every image
            when = (step + 0.5) / count - 0.5
            shift = torch.stack((one, none, when * x, none, one, when * y), dim=1)
            total = total + resample(images, shift, "edge")
        return total / count
