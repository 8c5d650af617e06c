"""A convolutional network with four convolutions and three fully connected layers."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Architecture, Shape, Width
from outvoted.search.errors import OutvotedError

_POOLED = (0, 1, 3)
"""Convolutions that are pooled: two early, which makes those that follow cheap."""
_SMALLEST = 2 ** len(_POOLED)


class DeepCNN(Architecture):
    """Four convolutions with batch normalisation, max-pooling after three, three full layers.

    The layers, activation and dropout are those of Vlaar, appendix A; widths and the places of pooling, which
    are not given there, are chosen to train fast on a CPU.
    """

    kind: Literal["deep-cnn"] = "deep-cnn"
    channels: tuple[Width, Width, Width, Width] = (16, 32, 32, 64)
    """Channels of each convolution."""
    hidden: tuple[Width, Width] = (128, 64)
    """Units of the first and of the middle fully connected layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """Of the middle fully connected layer."""

    @property
    def label(self) -> str:
        """Say the channels: deep-cnn-16x32x32x64."""
        return f"deep-cnn-{'x'.join(map(str, self.channels))}"

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Build the module; height and width are halved three times.

        Raises:
            OutvotedError: the images are too small for that.
        """
        if min(shape[1:]) < _SMALLEST:
            raise OutvotedError(
                expected=f"images of at least {_SMALLEST} x {_SMALLEST} pixels for a deep-cnn",
                found=f"images of {shape[1]} x {shape[2]} pixels",
                remedy="choose another kind of network, an mlp say",
            )
        full = self.channels[-1] * (shape[1] // _SMALLEST) * (shape[2] // _SMALLEST)
        first, middle = self.hidden
        return nn.Sequential(
            *self._convolutions(shape[0]),
            nn.Flatten(),
            *(nn.Linear(full, first), nn.ReLU()),
            *(nn.Linear(first, middle), nn.ReLU(), nn.Dropout(self.dropout)),
            nn.Linear(middle, classes),
        )

    def _convolutions(self, channels: int) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(pairwise((channels, *self.channels))):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.MaxPool2d(2)] if place in _POOLED else []
            layers.append(nn.ReLU())  # after pooling, which it commutes with, on fewer numbers
        return layers
