"""What a panel costs: operations for an image, and weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from outvoted.actors.networks import Architecture, Shape
from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.networks.user_modules import is_machines

UNKNOWN = 2**62
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


def _cost(architecture: Architecture, shape: Shape, classes: int) -> Cost:
    with undisturbed(), FlopCounterMode(display=False) as counter:
        try:
            network = architecture.build(shape, classes).eval()
            network(torch.zeros(1, *shape))
        except (Exception, SystemExit) as error:  # the network is the user's: it may raise anything
            if is_machines(error):
                raise
            return Cost(UNKNOWN, 0)
    weights = sum(value.numel() for value in network.state_dict().values())
    return Cost(max(counter.get_total_flops(), weights), weights)
