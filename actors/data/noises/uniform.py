"""Uniform noise."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from outvoted.actors.data.noises.scale import Scaled
from outvoted.search.arrays import Pixels


class Uniform(Scaled):
    """Grey levels from ``low`` to ``high``, both among them, all equally likely (Fan & Yezzi, Table 3)."""

    kind: Literal["uniform"] = "uniform"
    low: Annotated[int, Field(ge=0, le=255)] = 0
    high: Annotated[int, Field(ge=0, le=255)] = 255

    @model_validator(mode="after")
    def _ascending(self) -> "Uniform":
        if self.low >= self.high:
            raise ValueError(f"low must be less than high, not {self.low} and {self.high}")
        return self

    @property
    def distribution(self) -> str:
        """Say the lowest and the highest grey level."""
        return f"uniform-{self.low}-{self.high}"

    def pixels(self, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
        """Draw whole grey levels."""
        return rng.integers(self.low, self.high, shape, endpoint=True).astype(np.uint8)
