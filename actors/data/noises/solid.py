"""Images of one solid colour."""

from typing import Literal

import numpy as np

from outvoted.actors.data.noises.base import Noise, Shape
from outvoted.search.arrays import Pixels


class Solid(Noise):
    """Every image one colour, each channel uniform in 0-255.

    A thin sheet that spreads across the whole input space; with it accuracy dropped in the paper (Fan &
    Yezzi, end of section 5.2).
    """

    kind: Literal["solid"] = "solid"

    @property
    def label(self) -> str:
        """There is one kind."""
        return "solid"

    def check(self, shape: Shape) -> None:
        """Fit every image."""

    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw a colour for each image."""
        colours = rng.integers(0, 256, (number, shape[0], 1, 1)).astype(np.uint8)
        return np.broadcast_to(colours, (number, *shape)).copy()
