"""A perceptron with one hidden layer or several."""

from itertools import pairwise
from math import prod
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.activation import Activated
from outvoted.actors.networks.base import Architecture, Width


class MLP(Activated, Architecture):
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
