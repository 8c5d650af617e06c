"""Layers of n networks at once: each takes and gives (n, batch, ...), network i sees row i alone."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.networks.activation import TemperedSigmoid
from outvoted.search.errors import OutvotedError

_ALIGNED = 16  # numbers, of 4 bytes


class StackedLinear(nn.Module):
    """Fully connected layers. Weights lie as (n, in, out): faster to multiply by than Linear's (out, in).

    Where a network's weights would begin in the midst of 64 bytes, they are multiplied with columns of zeros
    to spare: the last bit of a product depends on where it begins.
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
        """Squash net values into (0, 1)."""
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
    """Return one layer that does what each of ``layers`` does, which are of one form.

    Raises:
        OutvotedError: there is no such layer for their kind.
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
