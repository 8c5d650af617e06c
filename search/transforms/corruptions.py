"""Blur, noise and occlusion."""

from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch.nn import functional

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.patterns import Patterned, hashed, split

_REACH = 4  # standard deviations, beyond which the bell is cut off
_SHARP = 0.025  # pixels; so narrow that the neighbours' weights are exactly 0
_BYTES = 0x00FF00FF
_HASHES = 4  # words of four bytes for each pixel
_MEAN = _HASHES * 4 * 127.5
_DEVIATION = (_HASHES * 4 * (256**2 - 1) / 12) ** 0.5
_MIDDLE = 127.5


class BlurRange(Settings):
    """Bounds of the blur's width."""

    sigma: Annotated[float, Field(ge=0, le=50)]
    """Standard deviation of the Gaussian in pixels: moves add or take away up to this, budgets end here."""


class Blur(Additive):
    """Blurs with a Gaussian of 0 to ``budget.sigma`` pixels; beyond its edges the image goes on unchanged."""

    kind: Literal["blur"] = "blur"
    move: BlurRange = BlurRange(sigma=0.2)
    budget: BlurRange = BlurRange(sigma=1)
    differentiable: ClassVar[bool] = True  # but flat at sigma 0: far less than a pixel changes nothing

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The standard deviation, which starts at its lower end."""
        return (Axis("sigma_px", self.move.sigma, 0.0, self.budget.sigma),)

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


class NoiseRange(Settings):
    """Bounds of the noise."""

    amplitude: Annotated[float, Field(ge=0, le=255)]
    """Standard deviation in grey levels: moves add or take away up to this, budgets end here."""


class GaussianNoise(Patterned):
    """Gaussian noise: its amplitude, and the number of one of 2**24 fixed patterns."""

    kind: Literal["noise"] = "noise"
    move: NoiseRange = NoiseRange(amplitude=4)
    budget: NoiseRange = NoiseRange(amplitude=16)

    @property
    def amount(self) -> Axis:
        """The standard deviation."""
        return Axis("amplitude_levels", self.move.amplitude, 0.0, self.budget.amplitude)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Add the pattern, scaled by the amplitude."""
        amplitude, pattern = split(images, composed)
        return images + amplitude * _bells(pattern, images.shape[1:]).to(images.dtype)


def _bells(pattern: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the fields (n, channels, height, width) of patterns (n, 1, 1, 1): mean 0, deviation 1.

    Each value is the sum of 16 random bytes: within 0.002 of the normal distribution function, and made
    with whole numbers, so that it is the same on every device and in every place of a batch.
    """
    pixels = torch.arange(int(np.prod(shape)), device=pattern.device).view(1, *shape)
    total = torch.zeros_like(pixels)
    for word in range(_HASHES):
        mixed = hashed(pixels * _HASHES + word, pattern)
        total = total + (mixed & _BYTES) + (mixed >> 8 & _BYTES)
    field: torch.Tensor = ((total & 0xFFFF) + (total >> 16) - _MEAN) / _DEVIATION
    return field


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
    differentiable: ClassVar[bool] = True  # edges fade within a pixel

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
