"""Networks that can be trained into peers and referees: settings, and the modules they build."""

from abc import ABC, abstractmethod
from itertools import pairwise
from math import prod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.search.settings import Settings

Width = Annotated[int, Field(ge=1, le=65536)]


class Architecture(ABC, Settings):
    """Settings of a network that maps images, float in [0, 1], to one logit for each class."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A short name for tables and files."""

    @abstractmethod
    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Build the module for images of ``shape`` (channels, height, width)."""


class MLP(Architecture):
    """Fully connected: one hidden layer as in the paper's MNIST experiment (section 3), or several."""

    kind: Literal["mlp"] = "mlp"
    hidden: Width | Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = 30
    """Units of the hidden layer, or a list with those of each."""
    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"

    @property
    def label(self) -> str:
        """Say the number of hidden units: mlp-30, or mlp-10x10 for two layers."""
        return f"mlp-{'x'.join(map(str, self.widths))}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return (self.hidden,) if isinstance(self.hidden, int) else self.hidden

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Build flatten, each hidden layer with its activation, output layer."""
        activation = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}[self.activation]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise((prod(shape), *self.widths)):
            layers += [nn.Linear(before, after), activation()]
        return nn.Sequential(*layers, nn.Linear(self.widths[-1], classes))


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


Network = Annotated[MLP | CNN, Field(discriminator="kind")]
"""Any architecture, told apart by its ``kind``."""
