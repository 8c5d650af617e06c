"""A network that takes its time where it is mined, and hardly any CPU: a run that lasts for minutes."""

import sys
import time

import torch
from torch import nn


class Unhurried(nn.Module):
    """A small perceptron that waits before each answer."""

    def __init__(self, pace: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10))
        self._pace = pace

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        mined = not self.training and "ray" in sys.modules and sys.modules["ray"].is_initialized()
        time.sleep(self._pace if mined else 0.0)
        logits: torch.Tensor = self.layers(images)
        return logits


def network(pace: float) -> nn.Module:
    """Return one, not trained."""
    return Unhurried(pace)
