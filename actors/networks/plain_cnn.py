"""A convolutional network without normalisation or dropout."""

from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import nn

from outvoted.actors.networks.activation import Activated
from outvoted.actors.networks.base import Architecture, Width


class PlainCNN(Activated, Architecture):
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
