"""What the hidden layers of a network answer with."""

from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from outvoted.search.settings import Settings

Temperature = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TemperedSigmoid(nn.Module):
    """The logistic sigmoid 1 / (1 + exp(-net / T)) of Bečková et al., equation 1."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, net: torch.Tensor) -> torch.Tensor:
        """Squash net values of any shape into (0, 1)."""
        return torch.sigmoid(net / self.temperature)


class Activated(Settings):
    """Settings of an activation function; architectures inherit them."""

    activation: Literal["sigmoid", "tanh", "relu"] = "tanh"
    temperature: Temperature = 1.0
    """Of a sigmoid: below 1 is steeper."""

    @model_validator(mode="after")
    def _only_sigmoids_are_tempered(self) -> "Activated":
        if self.temperature != 1 and self.activation != "sigmoid":
            raise ValueError(f"a temperature goes with activation: sigmoid, not {self.activation}")
        return self

    @property
    def tempered(self) -> str:
        """What a name says of the temperature: nothing where it is 1."""
        return "" if self.temperature == 1 else f"-T{self.temperature:g}"

    def activate(self) -> nn.Module:
        """Return a new activation layer."""
        if self.activation == "sigmoid":
            return nn.Sigmoid() if self.temperature == 1 else TemperedSigmoid(self.temperature)
        return nn.Tanh() if self.activation == "tanh" else nn.ReLU()
