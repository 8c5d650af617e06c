"""Brightness, contrast and gamma, alike for all channels."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Shape

Levels = Annotated[float, Field(ge=0, le=255)]
Ratio = Annotated[float, Field(ge=1, le=100)]

_MIDDLE = 127.5


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

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Added grey levels, and the two factors."""
        move, budget = self.move, self.budget
        return (
            Axis.about_zero("brightness_levels", move.brightness, budget.brightness),
            Axis.ratio("contrast", move.contrast, budget.contrast),
            Axis.ratio("gamma", move.gamma, budget.gamma),
        )

    @property
    def differentiable(self) -> bool:
        """It is, pixel by pixel."""
        return True

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Change each pixel by itself; what an earlier transform left outside 0-255 is clipped first."""
        brightness, contrast, gamma = composed.double().view(-1, 3, 1, 1, 1).unbind(1)
        bent = _powered(images, gamma.exp())
        steeper = torch.expm1(contrast).to(images.dtype)
        return bent + steeper * (bent - _MIDDLE) + brightness.to(images.dtype)


def _powered(images: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
    """Return 255 (x / 255) ** gamma.

    In double precision, so that a last bit that depends on a pixel's place in memory (powers are computed
    several at a time) is rounded away. Black stays black, and its infinite slope counts as 0.
    """
    shares = images.double().clamp(0, 255) / 255
    lit = shares > 0
    powers = torch.where(lit, shares, 1).pow(gamma)
    return (torch.where(lit, powers, 0) * 255).to(images.dtype)
