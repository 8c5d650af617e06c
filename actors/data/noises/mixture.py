"""Gaussian noise of various means, deviations and scales."""

import hashlib
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator

from outvoted.actors.data.noises.base import Noise, Shape
from outvoted.actors.data.noises.gaussian import Gaussian
from outvoted.search.arrays import Pixels


def _some(parts: tuple[Gaussian, ...]) -> tuple[Gaussian, ...]:
    """Refuse a mixture of nothing; afterwards, so that a wrong part is not also told to be missing."""
    if not parts:
        raise ValueError("a mixture needs at least one part")
    return parts


class Mixture(Noise):
    """Images of each part in turn, so that all parts have equally many, or one more than others.

    Separated clusters in the input space; with them accuracy dropped in the paper (Fan & Yezzi, end of
    section 5.2).
    """

    kind: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Gaussian, ...], AfterValidator(_some)]

    @property
    def label(self) -> str:
        """Say how many parts there are, and a hash of them: mixture-3-5d41402a."""
        parts = " ".join(part.label for part in self.parts)
        return f"mixture-{len(self.parts)}-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"

    def check(self, shape: Shape) -> None:
        """Fit what all parts fit."""
        for part in self.parts:
            part.check(shape)

    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw every part's images from a stream of its own, so that their number changes no other's."""
        self.check(shape)
        found = np.empty((number, *shape), np.uint8)
        for first, (part, own) in enumerate(zip(self.parts, rng.spawn(len(self.parts)), strict=True)):
            places = found[first :: len(self.parts)]
            places[:] = part.draw(len(places), shape, own)
        return found
