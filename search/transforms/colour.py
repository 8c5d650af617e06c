"""Changes of colour, for RGB images: gains of the channels, hue and saturation."""

from math import pi
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis, Ratio
from outvoted.search.transforms.base import Shape

_COLOURS = ("red", "green", "blue")
_LUMA = (0.213, 0.715, 0.072)
_TURN = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))


class ForColour(Additive):
    """A change of colour, for images of three channels alone."""

    kind: str
    differentiable: ClassVar[bool] = True

    def check(self, shape: Shape) -> None:
        """Fit images of three channels."""
        if shape[0] != len(_COLOURS):
            raise OutvotedError(
                expected=f"images with the channels red, green and blue for the transform {self.kind}",
                found=f"images of {shape[0]} channel{'s' * (shape[0] != 1)}",
                remedy="use the transform photometric, which treats all channels alike",
            )


class GainRange(Settings):
    """Bounds of the gains, symmetric about "no change"."""

    gain: Annotated[float, Field(ge=1, le=100)]
    """Each channel is multiplied by a factor between 1 / gain and gain."""


class ChannelGain(ForColour):
    """Multiplies the red, green and blue channels by a factor each; for RGB images only."""

    kind: Literal["channel_gain"] = "channel_gain"
    move: GainRange = GainRange(gain=1.05)
    budget: GainRange = GainRange(gain=1.2)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """One factor for each colour."""
        gains = self.move.gain, self.budget.gain
        return tuple(Axis.ratio(f"{colour}_gain", *gains) for colour in _COLOURS)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Multiply."""
        return images * composed.double().exp().to(images.dtype).view(-1, len(_COLOURS), 1, 1)


class HueRange(Settings):
    """Bounds of hue and saturation, symmetric about "no change"."""

    hue: Annotated[float, Field(ge=0, le=180)]
    """Degrees by which colours turn on the colour wheel."""
    saturation: Ratio
    """Distances from grey are multiplied by a factor between 1 / saturation and saturation."""


class HueSaturation(ForColour):
    """Turns the hue and scales the saturation of every pixel; grey stays grey, and luma stays as it is.

    Both are matrices on RGB, those of the filters ``hue-rotate`` and ``saturate`` of CSS and SVG (W3C, Filter
    Effects), so that there are no kinks as in HSV.
    """

    kind: Literal["hue_saturation"] = "hue_saturation"
    move: HueRange = HueRange(hue=5, saturation=1.1)
    budget: HueRange = HueRange(hue=18, saturation=1.4)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The angle, and the factor of the saturation."""
        return (
            Axis.about_zero("hue_deg", self.move.hue, self.budget.hue),
            Axis.ratio("saturation", self.move.saturation, self.budget.saturation),
        )

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Add what changes; written out, so that rows cannot mix."""
        degrees, saturation = composed.double().view(-1, 2, 1, 1).unbind(1)
        angle, factor = degrees * (pi / 180), saturation.exp()
        nearer = (torch.expm1(saturation) + factor * (torch.cos(angle) - 1)).to(images.dtype)
        across = (factor * torch.sin(angle)).to(images.dtype)
        colours = images.unbind(1)
        luma = _mixed(colours, _LUMA)
        turned = [
            one + nearer * (one - luma) + across * _mixed(colours, weights)
            for one, weights in zip(colours, _TURN, strict=True)
        ]
        return torch.stack(turned, dim=1)


def _mixed(colours: tuple[torch.Tensor, ...], weights: tuple[float, ...]) -> torch.Tensor:
    red, green, blue = colours
    return red * weights[0] + green * weights[1] + blue * weights[2]
