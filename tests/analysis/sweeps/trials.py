"""Small experiments on few digits, and a way to run one trial in this process."""

from collections.abc import Sequence

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.noises import Gaussian, NoiseClass, Uniform
from outvoted.actors.networks import MLP
from outvoted.actors.sweeps.sweep_store import Kept, Row
from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.base import Experiment, Unit
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.analysis.sweeps.trial import Trial

TRAINING = Training(epochs=3, batch_size=32)
SIGMOID = MLP(hidden=8, activation="sigmoid")


def temperature() -> TemperatureExperiment:
    """Two temperatures, two epsilons, two pixels."""
    return TemperatureExperiment(network=SIGMOID, temperatures=(0.5, 2), epsilons=(0.1, 0.05), pixels=2)


def noise() -> NoiseClassExperiment:
    """Two selections, with and without uniform noise, and Gaussian noise with all images."""
    return NoiseClassExperiment(
        network=MLP(hidden=8),
        selections=("hc+ls", "lc+hs"),
        fractions=(0.5,),
        beside=NoiseClass(noise=Uniform(), number=2),
        noises=(NoiseClass(noise=Gaussian(deviation=70)),),
    )


def units(experiment: Experiment, seeds: Sequence[int] = (0, 1)) -> list[Unit]:
    """The networks of the first stage."""
    return [Unit(setting, seed) for setting in experiment.stages()[0] for seed in seeds]


def run(trial: Trial) -> Trial:
    """Train a trial to its end."""
    assert list(trial.advance())[-1] == TRAINING.epochs
    return trial


def trial(experiment: Experiment, some: Sequence[Unit], data: Dataset, kept: Sequence[Kept] = ()) -> Trial:
    """Begin a trial of units of equal samples, which need no votes."""
    samples = experiment.data(some[0].setting, data, {})
    return Trial(experiment, some, TRAINING, samples, kept)


def told(rows: Sequence[Row]) -> str:
    """Rows without their seconds, in words: NaN is not equal to itself."""
    return repr([{name: value for name, value in row.items() if name != "seconds"} for row in rows])
