"""Kinds of random noise for a category of their own, each told apart by its ``kind``."""

from typing import Annotated

from pydantic import Field

from outvoted.actors.data.noises.base import Noise
from outvoted.actors.data.noises.gaussian import Gaussian
from outvoted.actors.data.noises.mixture import Mixture
from outvoted.actors.data.noises.solid import Solid
from outvoted.actors.data.noises.uniform import Uniform

AnyNoise = Annotated[Gaussian | Uniform | Solid | Mixture, Field(discriminator="kind")]
"""Any noise."""

__all__ = ["AnyNoise", "Gaussian", "Mixture", "Noise", "Solid", "Uniform"]
