"""Gaussian blur."""

from math import ceil
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch.nn import functional

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Shape

_REACH = 4  # standard deviations, beyond which the bell is cut off
_SHARP = 0.025  # pixels; so narrow that the neighbours' weights are exactly 0


class BlurRange(Settings):
    """Bounds of the blur's width."""

    sigma: Annotated[float, Field(ge=0, le=50)]
    """Standard deviation of the Gaussian in pixels: moves add or take away up to this, budgets end here."""


class Blur(Additive):
    """Blurs with a Gaussian of 0 to ``budget.sigma`` pixels; beyond its edges the image goes on unchanged."""

    kind: Literal["blur"] = "blur"
    move: BlurRange = BlurRange(sigma=0.2)
    budget: BlurRange = BlurRange(sigma=1)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The standard deviation, which starts at its lower end."""
        return (Axis("sigma_px", self.move.sigma, 0.0, self.budget.sigma),)

    @property
    def differentiable(self) -> bool:
        """It is, but flat at sigma 0: far less than a pixel of blur changes nothing."""
        return True

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Blur along the height, then along the width."""
        radius = ceil(_REACH * self.budget.sigma)
        weights = _bell(composed, radius).to(images.dtype)
        for axis in (2, 3):
            images = _smoothed(images, weights, axis)
        return images


def _bell(sigma: torch.Tensor, radius: int) -> torch.Tensor:
    """Return the weights at distances 0 to radius for sigmas (n, 1); shape (n, radius + 1), double.

    A pixel's weights, both sides counted, add up to 1.
    """
    away = torch.arange(radius + 1, dtype=torch.float64, device=sigma.device)
    bell = torch.exp(-0.5 * (away / sigma.double().clamp(min=_SHARP)) ** 2)
    total = bell[:, 0]
    for step in range(1, radius + 1):  # in this order for every row
        total = total + 2 * bell[:, step]
    return bell / total[:, None]


def _smoothed(images: torch.Tensor, weights: torch.Tensor, axis: int) -> torch.Tensor:
    """Weigh each pixel with its neighbours along an axis; every row has weights of its own."""
    radius, length = weights.shape[1] - 1, images.shape[axis]
    padding = (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0)
    padded = functional.pad(images, padding, mode="replicate")
    found = images * weights[:, 0].view(-1, 1, 1, 1)
    for step in range(1, radius + 1):
        sides = padded.narrow(axis, radius - step, length) + padded.narrow(axis, radius + step, length)
        found = found + sides * weights[:, step].view(-1, 1, 1, 1)
    return found
