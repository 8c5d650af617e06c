"""Outvoted's own networks for images: convolutional ones, and a vision transformer."""

from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator, model_validator
from torch import nn
from torch.nn import functional

from outvoted.actors.networks.base import Architecture, Shape, Width
from outvoted.actors.networks.mlp import Activation
from outvoted.search.errors import OutvotedError


class CNN(Architecture):
    """Two convolutions with batch normalisation and pooling, then one hidden layer with dropout."""

    kind: Literal["cnn"] = "cnn"
    channels: Width = 16
    """Channels of the first convolution; the second has twice as many."""
    hidden: Width = 64
    """Units of the hidden layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the hidden layer's units that are left out while training."""

    @property
    def label(self) -> str:
        """Say the number of channels of the first convolution."""
        return f"cnn-{self.channels}"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the module; height and width are halved twice.

        Raises:
            OutvotedError: the images are too small for that.
        """
        wide = 2 * self.channels
        features = wide * _pixels_left(shape, 2, self.kind)
        return nn.Sequential(
            *_convolutions(shape[0], self.channels, wide),
            nn.Flatten(),
            nn.Linear(features, self.hidden),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(self.hidden, classes),
        )


def _convolutions(channels: int, narrow: int, wide: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in ((channels, narrow), (narrow, wide)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.MaxPool2d(2), nn.ReLU()]
    return nn.Sequential(*layers)  # ReLU after pooling, which it commutes with, on fewer numbers


def _pixels_left(shape: Shape, halvings: int, kind: str) -> int:
    """Count the pixels of a channel after height and width were halved so often.

    Raises:
        OutvotedError: none are.
    """
    smallest = 2**halvings
    if min(shape[1:]) < smallest:
        raise OutvotedError(
            expected=f"images of at least {smallest} x {smallest} pixels for a {kind}",
            found=f"images of {shape[1]} x {shape[2]} pixels",
            remedy="choose another kind of network, such as an mlp",
        )
    return int(shape[1] // smallest) * int(shape[2] // smallest)


class PlainCNN(Activation, Architecture):
    """Convolutions that keep height and width, each followed by 2x2 max-pooling, then one hidden layer.

    Of the form of the networks that Bečková et al. draw (fig. 1) and Fan and Yezzi take from an example;
    neither gives all layers.
    """

    kind: Literal["plain-cnn"] = "plain-cnn"
    channels: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)] = (32, 64)
    """Channels of each convolution; height and width are halved after each."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    """Pixels along the side of a convolution's window."""
    hidden: Width = 128
    """Units of the hidden layer."""
    activation: Literal["sigmoid", "tanh", "relu"] = "relu"
    """Of all hidden layers."""

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError("an odd number of pixels, so that height and width are kept")
        return kernel

    @property
    def label(self) -> str:
        """Say the channels of the convolutions: plain-cnn-32x64."""
        return f"plain-cnn-{'x'.join(map(str, self.channels))}{self.tempered}"

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Build convolution, activation, pooling for each of the channels; flatten, hidden, output layer.

        Raises:
            OutvotedError: the images are too small for that many poolings.
        """
        layers: list[nn.Module] = []
        for before, after in pairwise((shape[0], *self.channels)):
            convolution = nn.Conv2d(before, after, self.kernel, padding=self.kernel // 2)
            layers += [convolution, self.activate(), nn.MaxPool2d(2)]
        features = self.channels[-1] * _pixels_left(shape, len(self.channels), self.kind)
        hidden = [nn.Linear(features, self.hidden), self.activate()]
        return nn.Sequential(*layers, nn.Flatten(), *hidden, nn.Linear(self.hidden, classes))


_POOLED = (0, 1, 3)
"""Convolutions that are pooled: two early, which makes those that follow cheap."""


class DeepCNN(Architecture):
    """Four convolutions with batch normalisation, max-pooling after three, three full layers.

    The layers, activation and dropout are those of Vlaar, appendix A; widths and the places of pooling, which
    are not given there, are chosen to train fast on a CPU.
    """

    kind: Literal["deep-cnn"] = "deep-cnn"
    channels: tuple[Width, Width, Width, Width] = (16, 32, 32, 64)
    """Channels of each convolution."""
    hidden: tuple[Width, Width] = (128, 64)
    """Units of the first and of the middle fully connected layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """Of the middle fully connected layer."""

    @property
    def label(self) -> str:
        """Say the channels: deep-cnn-16x32x32x64."""
        return f"deep-cnn-{'x'.join(map(str, self.channels))}"

    def build(self, shape: Shape, classes: int) -> nn.Sequential:
        """Build the module; height and width are halved three times.

        Raises:
            OutvotedError: the images are too small for that.
        """
        full = self.channels[-1] * _pixels_left(shape, len(_POOLED), self.kind)
        first, middle = self.hidden
        return nn.Sequential(
            *self._convolutions(shape[0]),
            nn.Flatten(),
            *(nn.Linear(full, first), nn.ReLU()),
            *(nn.Linear(first, middle), nn.ReLU(), nn.Dropout(self.dropout)),
            nn.Linear(middle, classes),
        )

    def _convolutions(self, channels: int) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(pairwise((channels, *self.channels))):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.MaxPool2d(2)] if place in _POOLED else []
            layers.append(nn.ReLU())  # after pooling, which it commutes with, on fewer numbers
        return layers


_SPREAD = 0.02  # of the first positions


class ViT(Architecture):
    """Patches with learned positions, pre-normalised transformer blocks, the mean over patches; no dropout.

    Blocks, heads and the blocks' hidden layers are those of Vlaar, appendix A; patch and width, which are
    not given there, are small enough to train on a CPU.
    """

    kind: Literal["vit"] = "vit"
    patch: Annotated[int, Field(ge=1, le=1024)] = 7
    """Pixels along the side of a patch; the images' height and width are multiples of it."""
    width: Width = 64
    """Numbers by which each patch is known between blocks; a multiple of heads."""
    blocks: Annotated[int, Field(ge=1, le=64)] = 6
    """Transformer blocks."""
    heads: Annotated[int, Field(ge=1, le=64)] = 8
    """Heads of attention in each block."""
    hidden: Width = 128
    """Units of the hidden layer of each block."""

    @model_validator(mode="after")
    def _heads_share_evenly(self) -> "ViT":
        if self.width % self.heads:
            raise ValueError(
                f"a width that is a multiple of heads: {self.heads} don't share {self.width} evenly"
            )
        return self

    @property
    def label(self) -> str:
        """Say the number of blocks and their width: vit-6x64."""
        return f"vit-{self.blocks}x{self.width}"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the module.

        Raises:
            OutvotedError: patches don't fill the images.
        """
        if shape[1] % self.patch or shape[2] % self.patch:
            raise OutvotedError(
                expected=f"images whose height and width are multiples of patch: {self.patch}",
                found=f"images of {shape[1]} x {shape[2]} pixels",
                remedy="choose a patch that divides both, or another kind of network",
            )
        return _Transformer(self, shape, classes)


class _Transformer(nn.Module):
    def __init__(self, settings: ViT, shape: Shape, classes: int) -> None:
        super().__init__()
        width, patch = settings.width, settings.patch
        count = (shape[1] // patch) * (shape[2] // patch)
        self.cut = nn.Unfold(patch, stride=patch)
        self.embed = nn.Linear(shape[0] * patch * patch, width)
        self.positions = nn.Parameter(torch.randn(1, count, width) * _SPREAD)
        layers = (_Block(width, settings.heads, settings.hidden) for _ in range(settings.blocks))
        self.blocks = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes)."""
        tokens = self.embed(self.cut(images).transpose(1, 2)) + self.positions
        logits: torch.Tensor = self.head(self.norm(self.blocks(tokens)).mean(1))
        return logits


class _Block(nn.Module):
    """Attention, then one hidden layer, each added to what came in."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_hidden = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (n, tokens, width) to as many."""
        tokens = tokens + self._attention(self.before_attention(tokens))
        changed: torch.Tensor = tokens + self.hidden(self.before_hidden(tokens))
        return changed

    def _attention(self, tokens: torch.Tensor) -> torch.Tensor:
        n, length, width = tokens.shape
        split = self.attend(tokens).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        joined: torch.Tensor = self.join(mixed.transpose(1, 2).reshape(n, length, width))
        return joined
