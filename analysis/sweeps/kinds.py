"""The kinds of experiments: a new one is a folder beside these, and its name in ``AnyExperiment``."""

from typing import Annotated

from pydantic import Field

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Experiment
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.search.errors import OutvotedError

AnyExperiment = Annotated[TemperatureExperiment | NoiseClassExperiment, Field(discriminator="kind")]
"""Any experiment, told apart by its ``kind``."""


def open_sweep(run: OpenedRun) -> OpenedSweep:
    """Open what a sweep has recorded.

    Raises:
        OutvotedError: it is no sweep, or one of another version or with code that is not trusted.
    """
    if run.record.kind != "sweep":
        raise OutvotedError(
            expected=f"a run of `outvoted sweep` in {run.store.path}",
            found=f"a run of `outvoted {run.record.kind}`",
            remedy="choose another run: `outvoted runs` lists them",
        )
    experiment: Experiment = run.configured("experiment", AnyExperiment)
    return OpenedSweep(experiment, run)
