"""What a panel costs: operations for an image, and weights."""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from outvoted.actors.networks import Architecture, Shape
from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.networks.user_modules import Tolerant, is_machines
from outvoted.search.strategies.base import DEAR

UNKNOWN = DEAR
"""Operations of a network that cannot be counted."""


@dataclass(frozen=True)
class Cost:
    """What networks cost.

    Attributes:
        largest: floating-point operations that the costliest of them does for an image, in its products and
            convolutions.
        weights: numbers in all of them.
    """

    largest: int
    weights: int


def cost(networks: Sequence[Architecture], shape: Shape, classes: int) -> Cost:
    """Count what networks do with one image of ``shape`` (channels, height, width), trained or not.

    One that cannot be counted, say because its file is gone since the run began, counts as a large one.
    """
    counted = [_cost(network, shape, classes) for network in networks]
    return Cost(max(one.largest for one in counted), sum(one.weights for one in counted))


def operations(networks: Iterable[nn.Module], shape: Shape) -> int:
    """Count the operations of the costliest of some networks for an image of ``shape``, as ``cost`` does."""
    return max(_counted(partial(_copied, network), shape).largest for network in networks)


def _copied(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network.network if isinstance(network, Tolerant) else network).cpu().float()


def _cost(architecture: Architecture, shape: Shape, classes: int) -> Cost:
    return _counted(lambda: architecture.build(shape, classes), shape)


def _counted(build: Callable[[], nn.Module], shape: Shape) -> Cost:
    with undisturbed():
        try:
            network = build().eval()
            counted = _operations(network, torch.zeros(1, *shape))
        except (Exception, SystemExit) as error:  # the network is the user's: it may raise anything
            if is_machines(error):
                raise
            return Cost(UNKNOWN, 0)
    kept = network.state_dict().values()  # of a quantised layer, its type too
    weights = sum(value.numel() for value in kept if isinstance(value, torch.Tensor))
    return Cost(max(counted, weights), weights)


def _operations(network: nn.Module, image: torch.Tensor) -> int:
    """Count the operations of products and convolutions that an image takes."""
    if type(network) is nn.Sequential and all(type(layer) in _LAYERS for layer in network):
        return _operations_of_layers(network, image)
    from torch.utils.flop_counter import FlopCounterMode  # imports a compiler, for a second

    with FlopCounterMode(display=False) as counter:
        network(image)
    return int(counter.get_total_flops())


_PRODUCTS = (nn.Linear, nn.Conv2d)
_LAYERS = {*_PRODUCTS, nn.Flatten, nn.BatchNorm2d, nn.MaxPool2d, nn.Dropout, nn.ReLU, nn.Tanh, nn.Sigmoid}


def _operations_of_layers(network: nn.Sequential, image: torch.Tensor) -> int:
    """Do the same for layers one after the other: each weight takes part once at every place it is used."""
    total, values = 0, image
    for layer in network:
        values = layer(values)
        if isinstance(layer, _PRODUCTS):
            total += 2 * layer.weight.numel() * (values.numel() // layer.weight.shape[0])
    return total
