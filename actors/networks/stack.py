"""n networks of one form, trained and asked together; what each answers does not depend on the others."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.networks import Weights
from outvoted.actors.networks.mlp import TemperedSigmoid
from outvoted.search.errors import OutvotedError

_ALIGNED = 16  # numbers, of 4 bytes


class StackedLinear(nn.Module):
    """Fully connected layers. Weights lie as (n, in, out): faster to multiply by than Linear's (out, in).

    Where a network's weights would not begin at a multiple of 64 bytes, columns of zeros are added: the last
    bit of a product depends on where it begins.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().T.contiguous() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach()[None] for layer in layers]))
        before, after = self.weight.shape[1:]
        self._spare = -after % _ALIGNED if before * after % _ALIGNED else 0

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map (n, batch, in) to (n, batch, out)."""
        if not self._spare:
            return torch.baddbmm(self.bias, inputs, self.weight)
        bias, weight = (functional.pad(one, (0, self._spare)) for one in (self.bias, self.weight))
        return torch.baddbmm(bias, inputs, weight)[..., : -self._spare]

    def alone(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight and bias of one network as ``nn.Linear`` keeps them."""
        return self.weight[index].T, self.bias[index, 0]


class StackedConv(nn.Module):
    """Convolutions: one after the other on a CPU, where grouped ones are slow; grouped on a GPU."""

    def __init__(self, layers: Sequence[nn.Conv2d]) -> None:
        super().__init__()
        self.padding = int(layers[0].padding[0])
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        self.bias = nn.Parameter(torch.stack(biases))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map (n, batch, in, height, width) to (n, batch, out, height, width)."""
        return self._one_by_one(inputs) if inputs.device.type == "cpu" else self._grouped(inputs)

    def _one_by_one(self, inputs: torch.Tensor) -> torch.Tensor:
        """Convolve with channels last, which makes convolutions and pooling on a CPU twice as fast.

        Clones begin at a multiple of 64 bytes, whichever network's they are; rows are whole (see Stack).
        """
        last, padding = torch.channels_last, self.padding
        found = [
            functional.conv2d(x.contiguous(memory_format=last), w.clone(memory_format=last), b, 1, padding)
            for x, w, b in zip(inputs, self.weight, self.bias, strict=True)
        ]
        return torch.stack([one.permute(0, 2, 3, 1) for one in found]).permute(0, 1, 4, 2, 3)

    def _grouped(self, inputs: torch.Tensor) -> torch.Tensor:
        n, out = self.bias.shape
        side_by_side = inputs.transpose(0, 1).flatten(1, 2)
        found = functional.conv2d(
            side_by_side, self.weight.flatten(0, 1), self.bias.flatten(), padding=self.padding, groups=n
        )
        return found.view(found.shape[0], n, out, *found.shape[2:]).transpose(0, 1)

    def alone(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight and bias of one network as ``nn.Conv2d`` keeps them."""
        return self.weight[index], self.bias[index]


class StackedSigmoid(nn.Module):
    """Sigmoids, each with a temperature of its own."""

    temperature: torch.Tensor

    def __init__(self, temperatures: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.tensor(temperatures))

    def forward(self, net: torch.Tensor) -> torch.Tensor:
        """Squash pre-activations into (0, 1)."""
        return torch.sigmoid(net / self.temperature.view(-1, *[1] * (net.dim() - 1)))


class StackedPool(nn.Module):
    """Max-pooling, which has no weights."""

    def __init__(self, layer: nn.MaxPool2d) -> None:
        super().__init__()
        self._layer = layer

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Pool (n, batch, channels, height, width)."""
        pooled: torch.Tensor = self._layer(inputs.flatten(0, 1))
        return pooled.view(*inputs.shape[:2], *pooled.shape[1:])


def stacked(layers: Sequence[nn.Module]) -> nn.Module:
    """Return one layer that does what each of ``layers``, all of one form, does.

    Raises:
        OutvotedError: their kind cannot be stacked.
    """
    first = layers[0]
    match first:
        case nn.Linear():
            return StackedLinear([layer for layer in layers if isinstance(layer, nn.Linear)])
        case nn.Conv2d():
            return StackedConv([layer for layer in layers if isinstance(layer, nn.Conv2d)])
        case nn.Sigmoid() | TemperedSigmoid():
            return StackedSigmoid([float(getattr(layer, "temperature", 1.0)) for layer in layers])
        case nn.MaxPool2d():
            return StackedPool(first)
        case nn.Flatten():
            return nn.Flatten(start_dim=2)
        case nn.ReLU() | nn.Tanh():
            return first
    raise OutvotedError(
        expected="networks of kind mlp or plain-cnn, which can be trained together",
        found=f"a layer {type(first).__name__}",
        remedy="choose network: {kind: mlp, ...} or {kind: plain-cnn, ...}",
    )


_ROWS = 32  # as many numbers as a CPU takes at once: see _whole


class Stack:
    """Networks of one form as one.

    A matrix product of n networks is one call, so n networks have little more overhead than one.
    Every network's numbers are, on a CPU bit for bit, those it would get in a stack of its own (where layers
    have two units or more): that is what lets a sweep be interrupted, resumed and extended.
    """

    def __init__(self, networks: Sequence[nn.Sequential], device: torch.device | None = None) -> None:
        """Take at least one network; they differ in weights and in the temperatures of their sigmoids."""
        self.size = len(networks)
        self._names = list(networks[0].state_dict())
        layers = [stacked(position) for position in zip(*networks, strict=True)]
        self._body = nn.Sequential(*layers[:-2]).to(device)  # up to the last hidden layer's pre-activations
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
        """Return the pre-activations of the last hidden layer, (n, batch, units).

        Args:
            inputs: images in [0, 1]: (n, batch, channels, height, width), or without n: the same for all.
        """
        if inputs.dim() == 4:
            inputs = inputs.expand(self.size, *inputs.shape)
        net: torch.Tensor = self._body(_whole(inputs))
        return net[:, : inputs.shape[1]]

    def head(self, net: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, batch, classes), from the last hidden layer's pre-activations."""
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
