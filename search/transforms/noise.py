"""Random grey levels added to every pixel."""

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field

from outvoted.search.arrays import Bools, Floats
from outvoted.search.settings import Settings
from outvoted.search.transforms.base import Shape, Transform

_PATTERNS = 2**24  # numbers that single precision holds exactly
_WORD = 0xFFFFFFFF
_BYTES = 0x00FF00FF
_HASHES = 4  # words of four bytes for each pixel
_MEAN = _HASHES * 4 * 127.5
_DEVIATION = (_HASHES * 4 * (256**2 - 1) / 12) ** 0.5


class NoiseRange(Settings):
    """Bounds of the noise."""

    amplitude: Annotated[float, Field(ge=0, le=255)]
    """Standard deviation in grey levels: moves add or take away up to this, budgets end here."""


class Noise(Transform):
    """Gaussian noise: an amplitude, and the number of one of 2**24 fixed patterns.

    A move changes the amplitude and adds a random number to the pattern's (beginning again after the last),
    so that each move brings another pattern.
    """

    kind: Literal["noise"] = "noise"
    move: NoiseRange = NoiseRange(amplitude=4)
    budget: NoiseRange = NoiseRange(amplitude=16)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names and units of a move's parameters."""
        return ("amplitude_levels", "pattern")

    @property
    def measures(self) -> tuple[str, ...]:
        """The amplitude and the pattern's number."""
        return self.parameters

    @property
    def size(self) -> int:
        """Amplitude and pattern."""
        return 2

    @property
    def draws(self) -> int:
        """One uniform each."""
        return 2

    @property
    def home(self) -> tuple[float, ...]:
        """No noise."""
        return (0.0, 0.0)

    @property
    def differentiable(self) -> bool:
        """In the amplitude; the slope along the pattern's number is 0."""
        return True

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def identity(self, n: int) -> Floats:
        """Return amplitude 0 of the first pattern."""
        return np.zeros((n, 2))

    def sample(self, uniform: Floats) -> Floats:
        """Draw a change of amplitude and a pattern."""
        return _moves((2.0 * uniform[:, 0] - 1.0) * self.move.amplitude, uniform[:, 1])

    def place(self, knobs: Floats) -> Floats:
        """Turn the first knob into an amplitude and the second into a pattern."""
        return _moves(knobs[:, 0] * self.budget.amplitude, knobs[:, 1])

    def compose(self, composed: Floats, moves: Floats) -> Floats:
        """Add."""
        found = composed + moves
        found[:, 1] %= _PATTERNS
        return found

    def describe(self, composed: Floats) -> Floats:
        """Return both as they are."""
        return np.array(composed)

    def within_budget(self, composed: Floats) -> Bools:
        """Tell which amplitudes lie between 0 and ``budget.amplitude``."""
        return np.asarray((composed[:, 0] >= 0) & (composed[:, 0] <= self.budget.amplitude))

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Add the pattern, scaled by the amplitude."""
        amplitude = composed[:, 0].to(images.dtype).view(-1, 1, 1, 1)
        field = _bells(composed[:, 1].long().view(-1, 1, 1, 1), images.shape[1:])
        return images + amplitude * field.to(images.dtype)


def _moves(amplitude: Floats, share: Floats) -> Floats:
    """Pair amplitudes with patterns given as shares of all patterns, 0 to 1."""
    pattern = np.minimum(np.floor(share * _PATTERNS), _PATTERNS - 1)
    return np.stack((amplitude, pattern), axis=1)


def _bells(pattern: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the fields (n, channels, height, width) of patterns (n, 1, 1, 1): mean 0, deviation 1.

    Each value is the sum of 16 random bytes: within 0.002 of the normal distribution function, and made
    with whole numbers, so that it is the same on every device and in every place of a batch.
    """
    pixels = torch.arange(int(np.prod(shape)), device=pattern.device).view(1, *shape)
    total = torch.zeros_like(pixels)
    for word in range(_HASHES):
        mixed = _hashed(_hashed(pixels * _HASHES + word) ^ _hashed(pattern + _PATTERNS))
        total = total + (mixed & _BYTES) + (mixed >> 8 & _BYTES)
    field: torch.Tensor = ((total & 0xFFFF) + (total >> 16) - _MEAN) / _DEVIATION
    return field


def _hashed(words: torch.Tensor) -> torch.Tensor:
    """Mix 32-bit words, held in int64, so that every bit depends on all: the finaliser of MurmurHash3."""
    words = (words ^ words >> 16) * 0x85EBCA6B & _WORD
    words = (words ^ words >> 13) * 0xC2B2AE35 & _WORD
    return words ^ words >> 16
