"""A gain for each colour channel: shifts of white balance."""

from typing import Annotated, Literal

import torch
from pydantic import Field

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.base import Shape

_COLOURS = ("red", "green", "blue")


class GainRange(Settings):
    """Bounds of the gains, symmetric about "no change"."""

    gain: Annotated[float, Field(ge=1, le=100)]
    """Each channel is multiplied by a factor between 1 / gain and gain."""


class ChannelGain(Additive):
    """Multiplies the red, green and blue channels by a factor each; for RGB images only."""

    kind: Literal["channel_gain"] = "channel_gain"
    move: GainRange = GainRange(gain=1.05)
    budget: GainRange = GainRange(gain=1.2)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """One factor for each colour."""
        gains = self.move.gain, self.budget.gain
        return tuple(Axis.ratio(f"{colour}_gain", *gains) for colour in _COLOURS)

    @property
    def differentiable(self) -> bool:
        """It is, pixel by pixel."""
        return True

    def check(self, shape: Shape) -> None:
        """Fit images of three channels."""
        if shape[0] != len(_COLOURS):
            raise OutvotedError(
                expected="images with the channels red, green and blue for the transform channel_gain",
                found=f"images of {shape[0]} channel{'s' * (shape[0] != 1)}",
                remedy="use the transform photometric, which treats all channels alike",
            )

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Multiply."""
        return images * composed.double().exp().to(images.dtype).view(-1, len(_COLOURS), 1, 1)
