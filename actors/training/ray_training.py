"""Training as Ray tasks."""

from collections.abc import Iterator

import ray

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.computing import keep_freed_memory, use_one_thread
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage, train_dcgan
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import Epoch, trained_or_measured


@ray.remote(num_returns="streaming", max_retries=-1)
def train_remotely(
    architecture: Architecture, training: Training, data: Dataset, seed: int, loaded: Weights | None = None
) -> Iterator[Epoch]:
    """Train one network with one thread and stream its epochs; one with loaded weights is only measured."""
    use_one_thread()
    keep_freed_memory()
    yield from trained_or_measured(architecture, training, data, seed, loaded)


@ray.remote(num_returns="streaming", max_retries=-1)
def train_generator_remotely(
    training: DcganTraining, split: Split, start: Checkpoint | None
) -> Iterator[TrainingStage]:
    """Train a generator, one thread, and stream its stages."""
    use_one_thread()
    keep_freed_memory()
    yield from train_dcgan(training, split, start)
