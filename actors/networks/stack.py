"""n networks of one form, trained and asked together; what each answers does not depend on the others."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.networks import Weights
from outvoted.actors.networks.stacked_layers import StackedConv, StackedLinear, stacked

_ROWS = 32  # as many numbers as a CPU takes at once: see _whole


class Stack:
    """Networks of one form as one.

    A matrix product of n networks is one call, so Python and PyTorch cost little more for n than for one.
    Every network's numbers are, on a CPU bit for bit, those it would get in a stack of its own (where layers
    have two units or more): that is what lets a sweep be cut off, resumed and extended.
    """

    def __init__(self, networks: Sequence[nn.Sequential], device: torch.device | None = None) -> None:
        """Take at least one network; they differ in weights and in the temperatures of their sigmoids."""
        self.size = len(networks)
        self._names = list(networks[0].state_dict())
        layers = [stacked(position) for position in zip(*networks, strict=True)]
        self._body = nn.Sequential(*layers[:-2]).to(device)  # up to the last hidden layer's net values
        self._head = nn.Sequential(*layers[-2:]).to(device)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.parameters[0].device

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Weights and biases, each (n, ...)."""
        return [*self._body.parameters(), *self._head.parameters()]

    def hidden(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the net values of the last hidden layer, (n, batch, units).

        Args:
            inputs: images in [0, 1]: (n, batch, channels, height, width), or without n: the same for all.
        """
        if inputs.dim() == 4:
            inputs = inputs.expand(self.size, *inputs.shape)
        net: torch.Tensor = self._body(_whole(inputs))
        return net[:, : inputs.shape[1]]

    def head(self, net: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, batch, classes), that follow from the last hidden layer's net values."""
        logits: torch.Tensor = self._head(_whole(net))
        return logits[:, : net.shape[1]]

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, batch, classes), of images as :meth:`hidden` takes them."""
        return self.head(self.hidden(inputs))

    def views(self) -> Iterator[list[torch.Tensor]]:
        """Return for each network its slices of :attr:`parameters`; they share memory with them."""
        for index in range(self.size):
            yield [parameter.data[index] for parameter in self.parameters]

    def weights(self) -> list[Weights]:
        """Return each network's weights as the modules it was built from keep them, in float32 on the CPU."""
        layers = [
            layer for layer in (*self._body, *self._head) if isinstance(layer, StackedLinear | StackedConv)
        ]
        return [
            dict(zip(self._names, (_kept(one) for layer in layers for one in layer.alone(i)), strict=True))
            for i in range(self.size)
        ]


def _whole(inputs: torch.Tensor) -> torch.Tensor:
    """Fill a batch, (n, batch, ...), with zeros up to a multiple of 32 rows.

    The last bit of a matrix product depends on where in memory it begins, that of a sigmoid on how far it is
    from the end. In whole batches every network's numbers begin and end alike, wherever in the stack it is.
    """
    missing = -inputs.shape[1] % _ROWS
    return functional.pad(inputs, (*[0] * (2 * (inputs.dim() - 2)), 0, missing)) if missing else inputs


def _kept(value: torch.Tensor) -> torch.Tensor:
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)
