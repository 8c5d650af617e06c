"""Multilayer perceptrons, and the activation functions that architectures share."""

from itertools import pairwise
from math import prod
from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from outvoted.actors.networks.base import Architecture, Width
from outvoted.search.settings import Settings

Temperature = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TemperedSigmoid(nn.Module):
    """The logistic sigmoid 1 / (1 + exp(-x / T)) of Bečková et al., equation 1."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, preactivation: torch.Tensor) -> torch.Tensor:
        """Squash pre-activations of any shape into (0, 1)."""
        return torch.sigmoid(preactivation / self.temperature)


class Activation(Settings):
    """Settings of an activation function; architectures inherit them."""

    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"
    """Of the hidden layers."""
    temperature: Temperature = 1.0
    """Of a sigmoid: below 1 is steeper."""

    @model_validator(mode="after")
    def _only_sigmoids_are_tempered(self) -> "Activation":
        if self.temperature != 1 and self.activation != "sigmoid":
            raise ValueError(f"a temperature goes with activation: sigmoid, not {self.activation}")
        return self

    @property
    def tempered(self) -> str:
        """The temperature's part of a name; empty where it is 1."""
        return "" if self.temperature == 1 else f"-T{self.temperature:g}"

    def activate(self) -> nn.Module:
        """Return a new activation layer."""
        if self.activation == "sigmoid":
            return nn.Sigmoid() if self.temperature == 1 else TemperedSigmoid(self.temperature)
        return nn.Tanh() if self.activation == "tanh" else nn.ReLU()


class MLP(Activation, Architecture):
    """Fully connected: one hidden layer as in the paper's MNIST experiment (section 3), or several."""

    kind: Literal["mlp"] = "mlp"
    hidden: Width | Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = 30
    """Units of the hidden layer, or a list with those of each."""

    @property
    def label(self) -> str:
        """Say the units of each hidden layer, and a temperature: mlp-30, mlp-10x10, mlp-256-T0.5."""
        return f"mlp-{'x'.join(map(str, self.widths))}{self.tempered}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return (self.hidden,) if isinstance(self.hidden, int) else self.hidden

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Sequential:
        """Build flatten, each hidden layer with its activation, output layer."""
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise((prod(shape), *self.widths)):
            layers += [nn.Linear(before, after), self.activate()]
        return nn.Sequential(*layers, nn.Linear(self.widths[-1], classes))
