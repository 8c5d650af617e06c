"""JPEG compression: what quantising the cosine transform of blocks leaves of an image."""

from math import cos, pi, sqrt
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch.nn import functional

from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import straight_through

_SIDE = 8
_WAVES = [[1.0] * _SIDE] + [
    [round(sqrt(2) * cos((2 * place + 1) * wave * pi / 16), 12) for place in range(_SIDE)]
    for wave in range(1, _SIDE)
]
"""Cosines times the root of 8, so that waves 0 and 4 consist of 1 and -1 and multiply without an error."""
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * _SIDE,) * 4,
)
"""Annex K of ITU-T T.81, which libjpeg scales by the quality."""
_MIDDLE = 128.0


class JpegRange(Settings):
    """Bounds of the compression."""

    scale: Annotated[float, Field(ge=0, le=50)]
    """By what the standard's quantisation tables are multiplied: moves add or take away up to this, budgets
    end here. 0.5 is quality 75, 1 is 50, 2 is 25, 2.78 is 18; 0 leaves the image as it is."""


class Jpeg(Additive):
    """Compresses as libjpeg does, with the chroma of colour images at half the resolution (4:2:0).

    Computed here rather than by a library's encoder, whose pixels may change with its version, and which
    passes no gradients on. Every step is an elementwise operation in double precision, in one order, so that
    an image's pixels depend on nothing else. Roundings pass gradients on as if they were not there (Shin &
    Song, "JPEG-resistant adversarial images", 2017). Scaled tables are not rounded, nor is what is decoded;
    chroma is enlarged by repeating it.
    """

    kind: Literal["jpeg"] = "jpeg"
    move: JpegRange = JpegRange(scale=0.6)
    budget: JpegRange = JpegRange(scale=2.78)
    differentiable: ClassVar[bool] = True  # through the roundings, on average
    continuous: ClassVar[bool] = False

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The scale of the tables, which starts at its lower end."""
        return (Axis("table_scale", self.move.scale, 0.0, self.budget.scale),)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Compress whole grey levels, and take them apart again; images of scale 0 stay as they are."""
        scale = composed.double().view(-1, 1, 1, 1, 1, 1)
        levels = straight_through(images.double().clamp(0, 255))
        coded = _coloured(levels, scale) if images.shape[1] == 3 else _coded(levels, scale, _LUMINANCE)
        return torch.where(scale.view(-1, 1, 1, 1) > 0, coded.to(images.dtype), images)


def _coloured(images: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Code luma and chroma apart."""
    red, green, blue = images[:, :1], images[:, 1:2], images[:, 2:]
    luma = straight_through(0.299 * red + 0.587 * green + 0.114 * blue)
    chroma = torch.cat((0.564 * (blue - luma), 0.713 * (red - luma)), dim=1)
    luma, chroma = _coded(luma, scale, _LUMINANCE), straight_through(chroma) + _MIDDLE
    height, width = images.shape[2:]
    even = functional.pad(chroma, (0, width % 2, 0, height % 2), mode="replicate")
    above, below = even[:, :, ::2], even[:, :, 1::2]
    pairs = above[..., ::2] + above[..., 1::2], below[..., ::2] + below[..., 1::2]
    halved = straight_through((pairs[0] + pairs[1]) / 4)
    decoded = _coded(halved, scale, _CHROMINANCE) - _MIDDLE
    full = _doubled(decoded)[:, :, :height, :width]
    blueness, redness = full[:, :1], full[:, 1:]
    green = luma - 0.344136 * blueness - 0.714136 * redness
    return torch.cat((luma + 1.402 * redness, green, luma + 1.772 * blueness), dim=1)


def _coded(levels: torch.Tensor, scale: torch.Tensor, table: tuple[tuple[int, ...], ...]) -> torch.Tensor:
    """Quantise the cosine transform of every block of every channel."""
    n, channels, height, width = levels.shape
    padded = functional.pad(levels - _MIDDLE, (0, -width % _SIDE, 0, -height % _SIDE), mode="replicate")
    down, across = padded.shape[2] // _SIDE, padded.shape[3] // _SIDE
    blocks = padded.reshape(n, channels, down, _SIDE, across, _SIDE)
    steps = torch.tensor(table, dtype=levels.dtype, device=levels.device).view(_SIDE, 1, _SIDE) * scale
    steps = steps.clamp(1, 255)
    waves = _combined(_combined(blocks, _WAVES, 3), _WAVES, 5) / _SIDE
    quantised = straight_through(waves / steps) * steps
    back = [list(column) for column in zip(*_WAVES, strict=True)]
    decoded = _combined(_combined(quantised, back, 3), back, 5) / _SIDE + _MIDDLE
    return decoded.reshape(padded.shape)[:, :, :height, :width].clamp(0, 255)


def _combined(blocks: torch.Tensor, weights: list[list[float]], axis: int) -> torch.Tensor:
    """Multiply by a matrix along an axis; written out, so that blocks cannot mix."""
    parts = blocks.unbind(axis)
    found = []
    for row in weights:
        total = parts[0] * row[0]
        for part, weight in zip(parts[1:], row[1:], strict=True):
            total = total + part * weight
        found.append(total)
    return torch.stack(found, dim=axis)


def _doubled(chroma: torch.Tensor) -> torch.Tensor:
    """Repeat every pixel along both axes."""
    return chroma.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
