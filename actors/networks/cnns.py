"""Convolutional networks: small, plain and deep."""

from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import nn

from outvoted.actors.networks.base import Architecture, Shape, Width
from outvoted.actors.networks.mlp import Activation
from outvoted.search.errors import OutvotedError


class CNN(Architecture):
    """Two convolutions with batch normalisation and pooling, then one hidden layer with dropout."""

    kind: Literal["cnn"] = "cnn"
    channels: Width = 16
    hidden: Width = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3

    @property
    def label(self) -> str:
        """Say the number of channels of the first convolution."""
        return f"cnn-{self.channels}"

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Build the module; height and width are halved twice."""
        wide = 2 * self.channels
        with torch.device("meta"):
            blocks = _convolutions(shape[0], self.channels, wide)
            features = blocks(torch.empty(2, *shape)).flatten(1).shape[1]
        return nn.Sequential(
            *_convolutions(shape[0], self.channels, wide),
            nn.Flatten(),
            nn.Linear(features, self.hidden),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(self.hidden, classes),
        )


def _convolutions(channels: int, narrow: int, wide: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in ((channels, narrow), (narrow, wide)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


class PlainCNN(Activation, Architecture):
    """Convolutions that keep height and width, each followed by 2x2 max-pooling, then one hidden layer.

    Of the form of the networks that Bečková et al. draw (fig. 1) and Fan and Yezzi take from an example;
    neither gives all layers.
    """

    kind: Literal["plain-cnn"] = "plain-cnn"
    channels: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)] = (32, 64)
    """Channels of each convolution; height and width are halved after each."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    hidden: Width = 128
    activation: Literal["sigmoid", "tanh", "relu"] = "relu"

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError("an odd number of pixels, so that height and width are kept")
        return kernel

    @property
    def label(self) -> str:
        """Say the channels of the convolutions: plain-cnn-32x64."""
        return f"plain-cnn-{'x'.join(map(str, self.channels))}{self.tempered}"

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Sequential:
        """Build convolution, activation, pooling for each of the channels; flatten, hidden, output layer."""
        layers: list[nn.Module] = []
        for before, after in pairwise((shape[0], *self.channels)):
            convolution = nn.Conv2d(before, after, self.kernel, padding=self.kernel // 2)
            layers += [convolution, self.activate(), nn.MaxPool2d(2)]
        with torch.device("meta"):
            pooled = nn.Sequential(*[nn.MaxPool2d(2)] * len(self.channels))
            features = pooled(torch.empty(1, self.channels[-1], *shape[1:])).numel()
        hidden = [nn.Linear(features, self.hidden), self.activate()]
        return nn.Sequential(*layers, nn.Flatten(), *hidden, nn.Linear(self.hidden, classes))


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
                remedy="choose another kind of network, such as an mlp",
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
