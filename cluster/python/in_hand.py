"""Networks in hand as members of a panel, so that what is trained, healed or judged need not know them."""

from typing import Literal

import torch
from pydantic import PrivateAttr
from torch import nn

from outvoted.actors.networks import Preprocessed, Shape, UserNetwork
from outvoted.actors.networks.members import Member, Role
from outvoted.actors.networks.user_modules import copied
from outvoted.actors.runs.epochs import EpochRecord


class InHand(UserNetwork):
    """A module of this process. It is built as a copy, weights and all, and can't be written down."""

    kind: Literal["in hand"] = "in hand"
    _network: nn.Module = PrivateAttr()

    @staticmethod
    def of(network: nn.Module) -> "InHand":
        """Take a module that maps images in [0, 1] to logits."""
        made = InHand()
        made._network = network
        return made

    @property
    def origin(self) -> str:
        """Name its class."""
        return type(self._network).__name__

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Copy it."""
        return copied(self._network)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Copy it; what it wants done to images is part of it."""
        return self.module(shape, classes)


def member(name: str, role: Role, network: nn.Module, accuracy: float | None = None) -> Member:
    """Return a network as a member of a panel, with copies of its weights.

    Args:
        accuracy: on the test images, 0 to 1, if it is known.
    """
    weights = {key: value.detach().to("cpu", copy=True) for key, value in network.state_dict().items()}
    weights = {key: value.clone(memory_format=torch.contiguous_format) for key, value in weights.items()}
    record = EpochRecord(0, None, accuracy)
    return Member(name, role, InHand.of(network), 0, weights, (record,))


def bare(network: nn.Module) -> nn.Module:
    """Return the user's own network, without what prepares its images."""
    return network.network if isinstance(network, Preprocessed) else network
