"""Transforms that choose among random patterns, each of which is known by its number."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch

from outvoted.search.arrays import Bools, Floats
from outvoted.search.transforms.additive import Axis
from outvoted.search.transforms.base import Transform

_PATTERNS = 2**24  # numbers that single precision holds exactly
_WORD = 0xFFFFFFFF


class Patterned(Transform):
    """An amount, and the number of one of 2**24 fixed patterns.

    A move changes the amount and adds a random number to the pattern's (beginning again after the last), so
    that each move brings another pattern.
    """

    size: ClassVar[int] = 2
    home: ClassVar[tuple[float, ...]] = (0.0, 0.0)
    differentiable: ClassVar[bool] = True  # in the amount; the gradient along the pattern is 0

    @property
    @abstractmethod
    def amount(self) -> Axis:
        """The amount, which starts at its lower end, 0."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The amount and the pattern."""
        return self.amount.name, "pattern"

    @property
    def measures(self) -> tuple[str, ...]:
        """The amount and the pattern."""
        return self.parameters

    def identity(self, n: int) -> Floats:
        """Return amount 0 of the first pattern."""
        return np.zeros((n, 2))

    def sample(self, uniform: Floats) -> Floats:
        """Draw a change of the amount and a pattern."""
        return _moves((2.0 * uniform[:, 0] - 1.0) * self.amount.reach, uniform[:, 1])

    def place(self, knobs: Floats) -> Floats:
        """Turn the first knob into an amount and the second into a pattern."""
        return _moves(knobs[:, 0] * self.amount.high, knobs[:, 1])

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Add."""
        found = composed + moves
        found[:, 1] %= _PATTERNS
        return found

    def describe(self, composed: Floats) -> Floats:
        """Return both as they are."""
        return np.array(composed)

    def within_budget(self, composed: Floats) -> Bools:
        """Tell which amounts lie between their ends."""
        return np.asarray((composed[:, 0] >= 0) & (composed[:, 0] <= self.amount.high))


def split(images: torch.Tensor, composed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the amounts, of the images' precision, and the patterns' numbers; each (n, 1, 1, 1)."""
    amount, pattern = composed.view(-1, 2, 1, 1, 1).unbind(1)
    return amount.to(images.dtype), pattern.long()


def hashed(places: torch.Tensor, pattern: torch.Tensor) -> torch.Tensor:
    """Return a random 32-bit word, held in int64, for each place of a pattern: the same on every device."""
    return _mixed(_mixed(places) ^ _mixed(pattern + _PATTERNS))


def _moves(amount: Floats, share: Floats) -> Floats:
    """Pair amounts with patterns given as shares of all patterns, 0 to 1."""
    pattern = np.minimum(np.floor(share * _PATTERNS), _PATTERNS - 1)
    return np.stack((amount, pattern), axis=1)


def _mixed(words: torch.Tensor) -> torch.Tensor:
    """Mix 32-bit words, held in int64, so that every bit depends on all: the finaliser of MurmurHash3."""
    words = (words ^ words >> 16) * 0x85EBCA6B & _WORD
    words = (words ^ words >> 13) * 0xC2B2AE35 & _WORD
    return words ^ words >> 16
