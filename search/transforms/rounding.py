"""Rounding to whole grey levels."""

from typing import Any

import torch


def whole(images: torch.Tensor) -> torch.Tensor:
    """Round to whole numbers 0-255; gradients pass as if only the clipping were there."""
    clipped = images.clamp(0, 255)
    if not clipped.requires_grad:
        return clipped.round_()
    rounded: torch.Tensor = _StraightThrough.apply(clipped)  # type: ignore[no-untyped-call]
    return rounded


class _StraightThrough(torch.autograd.Function):
    """Rounds on the way forward and does nothing on the way back."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor) -> torch.Tensor:
        """Round."""
        return images.round()

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> torch.Tensor:
        """Pass the gradient on."""
        return slopes[0]
