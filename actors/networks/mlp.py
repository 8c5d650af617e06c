"""A perceptron with one hidden layer."""

from math import prod
from typing import Literal

from torch import nn

from outvoted.actors.networks.base import Architecture, Width


class MLP(Architecture):
    """One hidden layer, as in the paper's MNIST experiment (section 3)."""

    kind: Literal["mlp"] = "mlp"
    hidden: Width = 30
    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"

    @property
    def label(self) -> str:
        """Say the number of hidden units."""
        return f"mlp-{self.hidden}"

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Build flatten, hidden layer, activation, output layer."""
        between = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}[self.activation]()
        return nn.Sequential(
            nn.Flatten(), nn.Linear(prod(shape), self.hidden), between, nn.Linear(self.hidden, classes)
        )
