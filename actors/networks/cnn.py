"""A small convolutional network."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Architecture, Width


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
