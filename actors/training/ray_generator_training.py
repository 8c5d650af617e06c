"""Training a generator as a Ray task."""

from collections.abc import Iterator

import ray

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks.threads import use_one_thread
from outvoted.actors.training.generators.training import Checkpoint, DcganTraining, Stage, train


@ray.remote(num_returns="streaming", max_retries=-1)
def train_generator_remotely(
    training: DcganTraining, split: Split, start: Checkpoint | None
) -> Iterator[Stage]:
    """Train a generator, one thread, and stream its stages."""
    use_one_thread()
    yield from train(training, split, start)
