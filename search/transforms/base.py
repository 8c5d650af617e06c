"""The interface of a parametric image change."""

from abc import ABC, abstractmethod

import torch

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings


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
    def size(self) -> int:
        """Length of a composed transform."""

    @property
    @abstractmethod
    def draws(self) -> int:
        """Random numbers needed for one move."""

    @abstractmethod
    def identity(self, n: int) -> Floats:
        """Return n composed transforms that change nothing, shape (n, size)."""

    @abstractmethod
    def sample(self, uniform: Floats) -> Floats:
        """Turn uniforms in (0, 1), shape (n, draws), into moves, shape (n, len(parameters))."""

    @abstractmethod
    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Apply one more move to each composed transform; shape (n, size)."""

    @abstractmethod
    def describe(self, composed: Floats) -> Floats:
        """Say composed transforms in the words of ``parameters``; shape (n, len(parameters))."""

    @abstractmethod
    def within_budget(self, composed: Floats) -> Bools:
        """Tell which composed transforms stay within the realism budget; shape (n,)."""

    @abstractmethod
    def render(self, seeds: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Render candidates.

        Args:
            seeds: shape (n, channels, height, width), uint8.
            composed: shape (n, size), float32, on the same device.

        Returns:
            Shape of seeds, float32, whole numbers 0-255: exactly the pixels that would be stored.
        """
