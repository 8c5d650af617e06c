"""The interface of a parametric image change."""

from abc import ABC, abstractmethod
from typing import Any

import torch

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


class Transform(ABC, Settings):
    """A parametric image change: frozen settings, no state.

    A *move* is a row of ``parameters``; moves compose into a row of ``size`` numbers, from which the
    seed is rendered *once*, however many moves were made. All methods work row by row: row i of the
    result depends on row i of the arguments alone (the conformance suite holds every transform to it).
    """

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Names of a move's parameters, as recorded, with their units."""

    @property
    @abstractmethod
    def measures(self) -> tuple[str, ...]:
        """Names of what a composed transform is described by, with their units."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Length of a composed transform."""

    @property
    def draws(self) -> int:
        """Random numbers needed for one move: usually one for each parameter."""
        return len(self.parameters)

    @property
    @abstractmethod
    def home(self) -> tuple[float, ...]:
        """The knobs at which nothing changes, each 0 to 1; empty if the transform has no knobs."""

    @property
    def knobs(self) -> int:
        """How many knobs place a candidate anywhere in the realism budget with one move; 0: not possible."""
        return len(self.home)

    @property
    @abstractmethod
    def differentiable(self) -> bool:
        """Whether :meth:`render` passes gradients on to ``composed``."""

    @property
    def continuous(self) -> bool:
        """Whether :meth:`apply` turns last bits that differ into last bits that differ.

        Where it doesn't, because it rounds on the way, candidates are always rendered on the CPU.
        """
        return True

    def check(self, shape: Shape) -> None:
        """Make sure that the transform is made for images of a shape; usually it fits all.

        Raises:
            OutvotedError: it is not.
        """

    @abstractmethod
    def identity(self, n: int) -> Floats:
        """Return n composed transforms that change nothing, shape (n, size)."""

    @abstractmethod
    def sample(self, uniform: Floats) -> Floats:
        """Turn uniforms in (0, 1), shape (n, draws), into moves, shape (n, len(parameters))."""

    @abstractmethod
    def place(self, knobs: Floats) -> Floats:
        """Turn knobs in [0, 1], shape (n, knobs), into moves that take the seed anywhere in the budget.

        Whatever the knobs, the seed moved once stays within the realism budget.
        """

    @abstractmethod
    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Apply one more move to each composed transform; shape (n, size)."""

    @abstractmethod
    def describe(self, composed: Floats) -> Floats:
        """Say composed transforms in the words of ``measures``; shape (n, len(measures))."""

    @abstractmethod
    def within_budget(self, composed: Floats) -> Bools:
        """Tell which composed transforms stay within the realism budget; shape (n,)."""

    @abstractmethod
    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Change images without rounding.

        Args:
            images: shape (n, channels, height, width), float32, 0-255.
            composed: shape (n, size), float32, on the same device.

        Returns:
            Shape of images, float32; values outside 0-255 are clipped later.
        """

    def render(self, seeds: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Render candidates.

        Args:
            seeds: shape (n, channels, height, width), uint8.
            composed: shape (n, size), float32, on the same device.

        Returns:
            Shape of seeds, float32, whole numbers 0-255: exactly the pixels that would be stored.
            Gradients pass through the rounding as if it were not there.
        """
        return whole(self.apply(seeds.float(), composed))


def whole(images: torch.Tensor) -> torch.Tensor:
    """Round to whole numbers 0-255; gradients pass as if only the clipping were there."""
    clipped = images.clamp(0, 255)
    return straight_through(clipped) if clipped.requires_grad else clipped.round_()


def straight_through(values: torch.Tensor) -> torch.Tensor:
    """Round to whole numbers; gradients pass as if nothing was rounded."""
    rounded: torch.Tensor = _StraightThrough.apply(values)  # type: ignore[no-untyped-call]
    return rounded


class _StraightThrough(torch.autograd.Function):
    """Rounds on the way forward and does nothing on the way back."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor) -> torch.Tensor:
        """Round."""
        return images.round()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Pass the gradient on."""
        return gradients[0]
