"""Population-based incremental learning."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.strategies.base import Memory
from outvoted.search.strategies.ending import Ending
from outvoted.search.strategies.generational import Generation, chosen, ranked
from outvoted.search.transforms import Transform


class PBIL(Ending):
    """A vector of probabilities of bits, drawn from and pulled towards each generation's best.

    Baluja, "Population-Based Incremental Learning" (CMU-CS-94-163), Fig. 4: P = P (1 - LR) + best LR.
    Each knob is a binary number of ``bits`` bits. Instead of mutating P, it is kept within ``least`` and
    1 - ``least``.
    """

    kind: Literal["pbil"] = "pbil"
    bits: Annotated[int, Field(ge=2, le=16)] = 5
    """Bits of each knob."""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    """LR, how far the probabilities move towards the best candidate of a generation."""
    least: Annotated[float, Field(ge=0, lt=0.5)] = 0.04

    @property
    def label(self) -> str:
        """The strategy's name in tables."""
        return self.kind

    def draws(self, transform: Transform) -> int:
        """One for each bit."""
        return transform.knobs * self.bits

    def start(self, transform: Transform, n: int) -> Memory:
        """Give every bit even odds."""
        return {"probability": np.full((n, transform.knobs * self.bits), 0.5)}

    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Draw bits."""
        return _numbers(uniform < memory["probability"][search], self.bits)

    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Pull the probabilities towards the bits of the best candidate, unless none is fit."""
        best = ranked(generation.fitness)[:, :1]
        bits = _bits(chosen(generation.knobs, best)[:, 0], self.bits)
        fit = np.isfinite(np.take_along_axis(generation.fitness, best, axis=1))
        pulled = memory["probability"] * (1 - self.rate) + bits * self.rate
        pulled = np.clip(pulled, self.least, 1 - self.least)
        return {"probability": np.where(fit, pulled, memory["probability"])}


def _numbers(bits: AnyArray, width: int) -> Floats:
    """Read each ``width`` bits, the highest first, as a number in [0, 1]; (n, k width) gives (n, k)."""
    number = np.zeros((len(bits), bits.shape[1] // width))
    for bit in range(width):
        number = 2 * number + bits[:, bit::width]
    return np.asarray(number / (2**width - 1))


def _bits(knobs: Floats, width: int) -> Floats:
    """Write knobs made of bits as bits again; (n, k) gives (n, k width)."""
    number = np.rint(knobs * (2**width - 1)).astype(np.int64)
    places = np.arange(width)[::-1]
    return np.asarray(((number[:, :, None] >> places) & 1).reshape(len(knobs), -1), dtype=np.float64)
