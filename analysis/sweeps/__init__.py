"""Sweeps: networks of many settings, trained and measured epoch by epoch."""

from typing import Annotated

from pydantic import Field

from outvoted.analysis.sweeps.base import Experiment, Measured, Setting, Unit, peer_name
from outvoted.analysis.sweeps.noise_class import NoiseClassExperiment
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment

AnyExperiment = Annotated[TemperatureExperiment | NoiseClassExperiment, Field(discriminator="kind")]
"""What a sweep varies and measures, told apart by its ``kind``."""

__all__ = [
    "AnyExperiment",
    "Experiment",
    "Measured",
    "NoiseClassExperiment",
    "Setting",
    "TemperatureExperiment",
    "Unit",
    "peer_name",
]
