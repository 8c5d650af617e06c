"""Fog and faded contrast, as in the common-corruption benchmark ImageNet-C (Hendrycks & Dietterich, 2019)."""

from math import log
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.patterns import Patterned, hashed, split
from outvoted.search.transforms.resampling import channel_means

_OCTAVES = 6
_WHITE = 255.0


class FadeRange(Settings):
    """Bounds of the contrast that is left."""

    contrast: Annotated[float, Field(gt=0, le=1)]
    """The contrast left: budgets end here, moves multiply it by a factor between this and its inverse."""


class Fade(Additive):
    """Draws every channel together to its own mean: ImageNet-C's ``contrast``, which is 0.4 at severity 1 and
    0.3 at severity 2."""

    kind: Literal["fade"] = "fade"
    move: FadeRange = FadeRange(contrast=0.85)
    budget: FadeRange = FadeRange(contrast=0.3)
    differentiable: ClassVar[bool] = True

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The contrast, which starts at its upper end, 1."""
        return (Axis("contrast", -log(self.move.contrast), log(self.budget.contrast), 0.0, factor=True),)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Scale differences from the mean."""
        steeper = torch.expm1(composed.double()).to(images.dtype).view(-1, 1, 1, 1)
        return images + steeper * (images - channel_means(images))


class FogRange(Settings):
    """Bounds of the fog."""

    density: Annotated[float, Field(ge=0, le=1)]
    """Share of the light that the fog takes away and replaces by its own: moves add or take away up to this,
    budgets end here."""


class Fog(Patterned):
    """Fog of uneven brightness, as ImageNet-C has it, there at densities of 0.6 (severity 1) and 0.667 (2).

    A pixel gets 1 - density of itself and density of the fog at its place, which goes from black to white.
    The benchmark draws a fractal; here it is the sum of octaves of value noise, each half as strong as the
    coarser one before.
    """

    kind: Literal["fog"] = "fog"
    move: FogRange = FogRange(density=0.15)
    budget: FogRange = FogRange(density=0.667)

    @property
    def amount(self) -> Axis:
        """The density."""
        return Axis("density_share", self.move.density, 0.0, self.budget.density)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Blend each pixel with the fog, which is the same in all channels."""
        density, pattern = split(images, composed)
        fog = _clouds(pattern, images.shape[2], images.shape[3], images.dtype)
        return images + density * (_WHITE * fog - images)


def _clouds(pattern: torch.Tensor, height: int, width: int, dtype: torch.dtype) -> torch.Tensor:
    """Return fields (n, 1, height, width) of patterns (n, 1, 1, 1), each from 0 to 1."""
    total = torch.zeros((len(pattern), 1, height, width), dtype=dtype, device=pattern.device)
    for octave in range(1, _OCTAVES + 1):
        cells = 2**octave
        side = torch.arange(cells + 1, device=pattern.device)
        words = hashed((octave << 20) + (side[:, None] << 10) + side, pattern)
        values = (words & 0xFFFF).to(dtype) / 0xFFFF / cells
        for axis, pixels in ((2, height), (3, width)):
            values = _between(values, axis, pixels, cells / max(height, width))
        total = total + values
    low, high = total.amin((2, 3), keepdim=True), total.amax((2, 3), keepdim=True)
    return (total - low) / (high - low).clamp(min=1e-6)


def _between(values: torch.Tensor, axis: int, pixels: int, step: float) -> torch.Tensor:
    """Interpolate smoothly along an axis, at the centres of pixels that lie ``step`` values apart."""
    at = (torch.arange(pixels, dtype=torch.float64, device=values.device) + 0.5) * step
    place = at.long()
    share = at - place
    share = (share * share * (3 - 2 * share)).to(values.dtype).view(-1, *(1,) * (3 - axis))
    first, second = values.index_select(axis, place), values.index_select(axis, place + 1)
    return first + share * (second - first)
