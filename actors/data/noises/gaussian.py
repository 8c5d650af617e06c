"""Gaussian noise."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.actors.data.noises.scale import Scaled
from outvoted.search.arrays import Pixels
from outvoted.search.labels import plain


class Gaussian(Scaled):
    """Normally distributed grey levels, rounded, and clipped to 0-255 (Fan & Yezzi, Figs. 9-12)."""

    kind: Literal["gaussian"] = "gaussian"
    mean: Annotated[float, Field(ge=0, le=255)] = 127.5
    """Grey level."""
    deviation: Annotated[float, Field(gt=0)] = 70
    """Standard deviation in grey levels, before clipping."""

    @property
    def distribution(self) -> str:
        """Say mean and deviation."""
        return f"gaussian-{plain(self.mean)}-{plain(self.deviation)}"

    def pixels(self, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
        """Draw, round and clip."""
        levels = rng.normal(self.mean, self.deviation, shape)
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)
