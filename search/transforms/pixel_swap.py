"""Pairs of pixels that change places."""

from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings
from outvoted.search.transforms.base import Transform

_NAMES = ("first_y_share", "first_x_share", "second_y_share", "second_x_share")
_GRID = 2**24  # shares are whole multiples of 1 / 2**24, which single precision holds exactly


class SwapMove(Settings):
    """How far apart the two pixels may be."""

    reach: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of height and of width; 1 is anywhere in the image, 1/28 a neighbour in a digit."""


class SwapBudget(Settings):
    """How much may be swapped."""

    swaps: Annotated[int, Field(ge=0, le=4096)]
    """Most swaps of two pixels."""


class PixelSwap(Transform):
    """Swaps two pixels at each move, as in section 5 of Baluja, Covell & Sukthankar, "The Virtues of Peer
    Pressure" (2015), which shows what is found when no realism is asked for.

    A move names two places as shares of height and width in [0, 1), so that it fits any image. The composed
    transform is the number of swaps and then all of them in order; the places of swaps that were not made
    are 0, which swaps the first pixel with itself.
    """

    kind: Literal["pixel_swap"] = "pixel_swap"
    move: SwapMove = SwapMove()
    budget: SwapBudget = SwapBudget(swaps=100)

    parameters: ClassVar[tuple[str, ...]] = _NAMES
    measures: ClassVar[tuple[str, ...]] = ("swaps",)
    home: ClassVar[tuple[float, ...]] = ()  # no knobs: one move swaps two pixels and no more
    differentiable: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """The number of swaps, and four shares for each that may be made."""
        return 1 + len(_NAMES) * self.budget.swaps

    def identity(self, n: int) -> Floats:
        """Return no swaps."""
        return np.zeros((n, self.size))

    def sample(self, uniform: Floats) -> Floats:
        """Draw one place evenly over the image, the other evenly over what is in reach of it."""
        low = np.maximum(uniform[:, :2] - self.move.reach, 0.0)
        high = np.minimum(uniform[:, :2] + self.move.reach, 1.0)
        places = np.concatenate([uniform[:, :2], low + uniform[:, 2:] * (high - low)], axis=1)
        return np.asarray(np.floor(places * _GRID) / _GRID)

    def place(self, knobs: Floats) -> Floats:
        """Swap the first pixel with itself: there are no knobs."""
        return np.zeros((len(knobs), len(_NAMES)))

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Write the swap behind those made; one too many is counted, which is outside the budget."""
        found = composed.copy()
        rows = np.flatnonzero(composed[:, 0] < self.budget.swaps)
        columns = 1 + len(_NAMES) * composed[rows, :1].astype(np.int64) + np.arange(len(_NAMES))
        found[rows[:, None], columns] = moves[rows]
        found[:, 0] += 1
        return found

    def describe(self, composed: Floats) -> Floats:
        """Return the number of swaps."""
        return composed[:, :1].copy()

    def within_budget(self, composed: Floats) -> Bools:
        """Tell which made at most ``budget.swaps`` swaps."""
        return np.asarray(composed[:, 0] <= self.budget.swaps)

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Follow the swaps into one rearrangement of the pixels, and gather once."""
        n, channels, height, width = images.shape
        ends = _places(composed[:, 1:].reshape(n, self.budget.swaps, 2, 2), height, width)
        source = torch.arange(height * width, device=images.device).repeat(n, 1)
        for step in range(self.budget.swaps):
            pair = ends[:, step]
            source.scatter_(1, pair, source.gather(1, pair.flip(1)))
        moved = images.flatten(2).gather(2, source[:, None].expand(-1, channels, -1))
        return moved.view(images.shape)


def _places(shares: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Turn shares of height and width (..., 2) into places in the flattened image."""
    y = (shares[..., 0] * height).long().clamp(max=height - 1)
    x = (shares[..., 1] * width).long().clamp(max=width - 1)
    return y * width + x
