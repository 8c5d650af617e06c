"""Networks that can't be mined, with what must be said of them, and odd ones that can."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings

SHAPE, CLASSES = (1, 28, 28), 10
_TORCH: Any = torch  # whose types are wrong in places


@cache
def _means() -> torch.Tensor:
    split = datasets.load(DataSettings()).train
    images = torch.from_numpy(split.images[:800] / 255.0).float().flatten(1)
    labels = torch.from_numpy(split.labels[:800])
    return torch.stack([images[labels == digit].mean(0) for digit in range(CLASSES)])


def base() -> nn.Sequential:
    """Two layers that answer the nearest class mean, right on about four of five digits."""
    first, last = nn.Linear(784, CLASSES), nn.Linear(CLASSES, CLASSES)
    with torch.no_grad():
        first.weight.copy_(_means())
        first.bias.copy_(-(_means() ** 2).sum(1) / 2 + 200)
        last.weight.copy_(torch.eye(CLASSES) / 2)
        last.bias.fill_(-100)
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), last)


class Around(nn.Module):
    """A function around a network."""

    def __init__(self, forward: Callable[[nn.Module, torch.Tensor], Any]) -> None:
        super().__init__()
        self.network, self._forward = base(), forward

    def forward(self, images: torch.Tensor) -> Any:
        return self._forward(self.network, images)


class Counting(nn.Module):
    """Changes its answers after some calls."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.network, self.left = base(), calls

    def forward(self, images: torch.Tensor) -> Any:
        self.left -= 1
        return self.network(images) * (1 if self.left > 0 else 2)


class Remembering(nn.Module):
    """Answers as it answered the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.network = base()
        self.known: torch.Tensor | None = None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.known is None or len(self.known) != len(images):
            self.known = self.network(images)
        return self.known


class LeftTraining(nn.Module):
    """Keeps a layer in training mode."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.network = layer, base()

    def forward(self, images: torch.Tensor) -> Any:
        self.layer.train()
        return self.network(self.layer(images))


class NeedsMore(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = base()

    def forward(self, images: torch.Tensor, mask: torch.Tensor) -> Any:
        return self.network(images * mask)


class NoGradient(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = base()

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> Any:
        return self.network(images)


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: torch.Tensor) -> torch.Tensor:
        return (images * 4).round() / 4

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


class NoWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: torch.Tensor) -> torch.Tensor:
        return images * 1

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        raise ValueError("no way back")


_rounded: Any = _Rounded.apply
_no_way_back: Any = NoWayBack.apply


class FirstCall(nn.Module):
    """Makes its only layer at its first call."""

    def __init__(self) -> None:
        super().__init__()
        self.last: nn.Module | None = None

    def forward(self, images: torch.Tensor) -> Any:
        if self.last is None:
            self.last = nn.Linear(images[0].numel(), CLASSES)
        return self.last(images.flatten(1))


class Grid(nn.Module):
    """Keeps what it computed at its first call, and is none the worse for it."""

    def __init__(self) -> None:
        super().__init__()
        self.network = base()
        self.scale: torch.Tensor | None = None

    def forward(self, images: torch.Tensor) -> Any:
        if self.scale is None:
            self.scale = torch.linspace(0.9, 1.1, images.shape[-1]).to(images)
        return self.network(images * self.scale)


@dataclass
class Output:
    loss: float
    logits: torch.Tensor


def _exits(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    sys.exit(5)


def _failing_hook() -> nn.Module:
    network = base()
    network.register_forward_hook(lambda *_: 1 / 0)
    return network


def _linear(**more: Any) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, CLASSES, **more))


def _normalised(layer: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), layer, base())


Build = Callable[[], nn.Module]
TWICE, BESIDE, LATER = "asked twice", "other images are in its batch", "after a few calls"
CUT, WRONG = "cut off from the image", "a wrong one"

WRONG_ALWAYS: dict[str, tuple[Build, str]] = {
    "softmax": (lambda: nn.Sequential(base(), nn.Softmax(1)), "leave out the softmax"),
    "sigmoid": (lambda: nn.Sequential(base(), nn.Sigmoid()), "leave out the sigmoid"),
    "one output": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 1)), "an output of shape (8, 1)"),
    "dropout": (lambda: Around(lambda net, x: net(functional.dropout(x, 0.3, training=True))), TWICE),
    "little noise": (lambda: Around(lambda net, x: net(x + torch.randn_like(x) / 100)), TWICE),
    "noise of NumPy": (lambda: Around(lambda net, x: net(x) * float(np.random.random())), TWICE),
    "dropout in training": (lambda: LeftTraining(nn.Dropout(0.3)), TWICE),
    "BatchNorm in training": (lambda: LeftTraining(nn.BatchNorm2d(1)), BESIDE),
    "BatchNorm without statistics": (
        lambda: _normalised(nn.BatchNorm1d(784, track_running_stats=False)),
        BESIDE,
    ),
    "mean of the batch": (lambda: Around(lambda net, x: net(x - x.mean(0))), BESIDE),
    "order of the batch": (lambda: Around(lambda net, x: net(x) + torch.arange(len(x))[:, None]), BESIDE),
    "counts": (lambda: Counting(2), TWICE),
    "counts further": (lambda: Counting(4), LATER),
    "remembers": (Remembering, BESIDE),
    "tuple": (lambda: Around(lambda net, x: (x, net(x))), "self.network(images)[1]"),
    "dictionary": (lambda: Around(lambda net, x: {"loss": 0, "out": net(x)}), 'self.network(images)["out"]'),
    "dataclass": (lambda: Around(lambda net, x: Output(0.0, net(x))), "self.network(images).logits"),
    "array": (lambda: Around(lambda net, x: net(x).detach().numpy()), "ndarray instead of a tensor"),
    "more arguments": (NeedsMore, "forward takes the images alone"),
    "exits": (lambda: Around(_exits), "it called sys.exit(5)"),
    "raises": (lambda: Around(lambda net, x: net.nothing), "no attribute 'nothing'"),
    "hook": (_failing_hook, "ZeroDivisionError"),
    "NaN": (lambda: Around(lambda net, x: net(x) * torch.nan), "NaN or infinite"),
    "meta": (lambda: _linear(device="meta"), "meta"),
    "form": (lambda: nn.Linear(3, CLASSES), "mat1 and mat2"),
}
"""Refused whatever the strategy."""

SINGLE_ALONE: dict[str, Build] = {
    "single alone": lambda: Around(lambda net, x: net(x.float())),
    "quantised": lambda: _TORCH.ao.quantization.quantize_dynamic(_linear(), {nn.Linear}),
}
"""Have no answers in double precision."""

WITHOUT_GRADIENT: dict[str, tuple[Build, str]] = {
    "no_grad": (NoGradient, CUT),
    "NumPy": (lambda: Around(lambda net, x: net(torch.from_numpy(x.detach().numpy()))), CUT),
    "detach": (lambda: Around(lambda net, x: net(x.detach())), CUT),
    "partly detached": (lambda: Around(lambda net, x: net(x) + net(x * x).detach()), WRONG),
    "straight through": (lambda: Around(lambda net, x: net(_rounded(x))), WRONG),
    "bytes": (lambda: Around(lambda net, x: net((x * 255).byte().to(x) / 255)), CUT),
    "no way back": (lambda: Around(lambda net, x: net(_no_way_back(x))), "ValueError: no way back"),
    "wrong hook": (lambda: Around(lambda net, x: net(_reversed(x))), WRONG),
}
"""Refused where a strategy follows gradients; good for any other."""


def _reversed(images: torch.Tensor) -> torch.Tensor:
    if images.requires_grad:
        images = images * 1
        _TORCH.Tensor.register_hook(images, torch.neg)
    return images


def _called(network: nn.Module) -> nn.Module:
    network(torch.rand(2, *SHAPE))
    return network


def _old_norm(norm: Callable[..., nn.Module]) -> nn.Module:
    network = base()
    network[1] = norm(network[1])
    return _called(network)


WELL: dict[str, Build] = {
    "plain": base,
    "in training mode": lambda: nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(1), base()).train(),
    "log_softmax": lambda: nn.Sequential(base(), nn.LogSoftmax(1)),
    "clamped": lambda: Around(lambda net, x: net(x.clamp(0, 1))),
    "in place": lambda: Around(lambda net, x: net(x.sub_(0.1))),
    "grid": Grid,
    "weight_norm": lambda: _old_norm(_TORCH.nn.utils.weight_norm),
    "spectral_norm": lambda: _old_norm(_TORCH.nn.utils.spectral_norm),
    "weight_norm of now": lambda: _old_norm(_TORCH.nn.utils.parametrizations.weight_norm),
    "spectral_norm of now": lambda: _old_norm(_TORCH.nn.utils.parametrizations.spectral_norm),
    "compiled": lambda: _TORCH.compile(base()),
    "compiled within": lambda: nn.Sequential(_TORCH.compile(base())),
    "data parallel": lambda: nn.DataParallel(base()),
    "script": lambda: _TORCH.jit.script(base()),
    "trace": lambda: _TORCH.jit.trace(base(), torch.rand(1, *SHAPE)),
    "half": lambda: base().half(),
    "double": lambda: base().double(),
    "frozen": lambda: base().requires_grad_(False),
    "low": lambda: Around(lambda net, x: functional.relu6(net(x) / 100 + 3)),
    "max-pooled": lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()).append(
        nn.Linear(676, CLASSES)
    ),
    "attention": lambda: nn.Sequential(
        nn.Flatten(1, 2), nn.TransformerEncoderLayer(28, 4, 32, batch_first=True), nn.Flatten()
    ).append(nn.Linear(784, CLASSES)),
}
"""Networks that pass, whatever the strategy."""

LAZY: dict[str, Build] = {
    "lazy": lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(CLASSES)),
    "lazy convolution": lambda: nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(CLASSES)
    ),
}


def build(name: str) -> nn.Module:
    """Build one of the networks, as a factory of a configuration does."""
    table = WRONG_ALWAYS | WITHOUT_GRADIENT
    every = (
        WELL
        | LAZY
        | SINGLE_ALONE
        | {"first call": FirstCall}
        | {key: made for key, (made, _) in table.items()}
    )
    return every[name]()
