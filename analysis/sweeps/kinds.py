"""The kinds of experiments: a new one is a folder beside this file, and its name in ``AnyExperiment``."""

from typing import Annotated

from pydantic import Field

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Experiment
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment

AnyExperiment = Annotated[TemperatureExperiment | NoiseClassExperiment, Field(discriminator="kind")]
"""Any experiment, told apart by its ``kind``."""


def open_sweep(run: OpenedRun) -> OpenedSweep:
    """Open what a sweep has recorded.

    Raises:
        OutvotedError: it is not a sweep, is of another version, or names code that is not trusted.
    """
    run.expect("sweep")
    experiment: Experiment = run.configured("experiment", AnyExperiment)
    return OpenedSweep(experiment, run)
