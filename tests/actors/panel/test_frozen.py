"""Laws of freezing: a frozen network answers as before for any batch; one with branches is left alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from outvoted.actors.networks import CNN, DeepCNN, InputRecipe, PlainCNN, PreprocessedNetwork
from outvoted.actors.panel.fast import Fast
from outvoted.actors.panel.frozen import frozen
from tests.actors.panel.zoo import CLASSES, SHAPE

NETWORKS = {
    "cnn": CNN(channels=4, hidden=16),
    "plain-cnn": PlainCNN(channels=(4, 6), hidden=16, activation="sigmoid"),
    "deep-cnn": DeepCNN(channels=(2, 3, 3, 4), hidden=(6, 5)),
    "prepared": PreprocessedNetwork(
        network=CNN(channels=3, hidden=9), input=InputRecipe(size=(20, 20), channels=3)
    ),
}


def images(rows: int) -> torch.Tensor:
    return torch.rand(rows, *SHAPE, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
@pytest.mark.parametrize("name", NETWORKS)
def test_a_frozen_network_answers_as_before_for_any_number_of_rows(name: str) -> None:
    network = NETWORKS[name].build(SHAPE, CLASSES).eval().requires_grad_(False)
    made = frozen(network, images(16))
    for rows in (16, 2, 1, 33, 16):
        torch.testing.assert_close(made(images(rows)), network(images(rows)), rtol=1e-5, atol=1e-5)


def _by_value(network: nn.Module, seen: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = network(seen)
    return found if seen[0, 0, 0, 0] > 0.5 else -found


BRANCHES: dict[str, Callable[[nn.Module, torch.Tensor], Any]] = {
    "by a pixel": _by_value,
    "by a number": lambda network, seen: network(seen) * float(seen.mean()),
    "by the batch": lambda network, seen: network(seen) * (1 if len(seen) > 8 else 2),
    "by its shape": lambda network, seen: network(seen) * int(seen.shape[0]),
    "in NumPy": lambda network, seen: network(torch.from_numpy(seen.numpy() / 2)),
    "in a list": lambda network, seen: network(seen) * torch.tensor(seen.sum((1, 2, 3)).tolist())[:, None],
}


class Branching(nn.Module):
    """A small convolutional network and what is around it."""

    def __init__(self, forward: Callable[[nn.Module, torch.Tensor], Any]) -> None:
        super().__init__()
        self.network, self._forward = CNN(channels=4, hidden=16).build(SHAPE, CLASSES), forward

    def forward(self, seen: torch.Tensor) -> Any:
        return self._forward(self.network, seen)


@torch.no_grad()
@pytest.mark.parametrize("name", BRANCHES)
def test_a_network_that_looks_at_numbers_is_not_frozen(name: str) -> None:
    network = Branching(BRANCHES[name]).eval().requires_grad_(False)
    if name != "in a list":  # which torch does not notice
        with pytest.raises(ValueError, match="would not be the network"):
            frozen(network, images(16))
    fast = Fast(network, 16, images(16))
    assert torch.isfinite(fast.logits(images(16))).all()
    torch.testing.assert_close(fast.logits(images(16)), network(images(16)), rtol=1e-5, atol=1e-5)
