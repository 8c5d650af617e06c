"""All experiments."""

from typing import Annotated

from pydantic import Field

from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment

AnyExperiment = Annotated[TemperatureExperiment | NoiseClassExperiment, Field(discriminator="kind")]
"""Any experiment, told apart by its ``kind``."""
