"""A small vision transformer."""

from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import nn
from torch.nn import functional

from outvoted.actors.networks.base import Architecture, Shape, Width
from outvoted.search.errors import OutvotedError

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
    heads: Annotated[int, Field(ge=1, le=64)] = 8
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
