"""A sweep as one value."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from outvoted.actors.data.datasets import DataSettings, DataSource
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.base import Unit, peer_name
from outvoted.analysis.sweeps.kinds import AnyExperiment
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.search.settings import EACH_ONCE, MayChange, Settings

Epochs = Annotated[int, Field(ge=1, le=10_000)]


class TrialSettings(Settings):
    """What one trial takes; nothing here changes the results."""

    settings: Annotated[int, Field(ge=1, le=1000)] = 1
    """Settings of one shape that are trained together, all their seeds as one stack; more suits a GPU."""
    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed; every trial computes with one thread."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 30.0
    """How often a trial is checkpointed, after whole epochs; what is newer is lost when it is interrupted."""


class Stopping(Settings):
    """Whether trials that lag behind end early. Which ones do depends on their speed: nothing else does."""

    rule: Literal["none", "asha", "median"] = "none"
    """none, successive halving (asha), or ending what is worse than the median."""
    metric: Literal["test_accuracy", "loss"] = "test_accuracy"
    """Mean over a trial's networks; more is better for accuracy, less for loss."""
    grace: Epochs = 5
    """Every trial gets at least this many epochs."""


class SweepConfig(RunSettings):
    """Everything `outvoted sweep` does."""

    data: DataSource = DataSettings()
    """Labelled images: the networks are trained and measured on them."""
    experiment: AnyExperiment
    """What is varied and measured."""
    training: Training = Training(epochs=100)
    """How all networks are trained."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], EACH_ONCE, MayChange()] = (0, 1, 2)
    """One network of every setting for each."""
    trial: Annotated[TrialSettings, MayChange()] = TrialSettings()
    """What one trial takes of the machines; changes no result."""
    stopping: Annotated[Stopping, MayChange()] = Stopping()
    """Whether trials that lag behind end early."""
    mining: Annotated[Mining | None, MayChange()] = None
    """Left out, the networks are not mined."""

    @model_validator(mode="after")
    def _goes_together(self) -> "SweepConfig":
        if self.training.augment is not None:
            raise ValueError("leave out training.augment: networks of a sweep see the images as they are")
        self.experiment.check_seeds(self.seeds)
        if self.stopping.rule != "none" and self.trial.settings > 1:
            raise ValueError("a trial that may be stopped holds one setting: leave out trial.settings")
        if self.mining is not None and len(self.seeds) < 2:
            raise ValueError("a panel to mine needs at least 2 seeds")
        return self

    def units(self) -> tuple[Unit, ...]:
        """List all networks of the sweep: by setting, then by seed."""
        return tuple(
            Unit(setting, seed)
            for stage in self.experiment.stages()
            for setting in stage
            for seed in self.seeds
        )

    @property
    def peers(self) -> tuple[str, ...]:
        """What the networks of a setting are called where they are a panel that is mined."""
        return tuple(peer_name(seed) for seed in self.seeds)
