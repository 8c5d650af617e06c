"""Training a generator as a Ray task."""

from collections.abc import Iterator

import ray

from outvoted.actors.datasets import Split
from outvoted.actors.generators.training import Checkpoint, DcganTraining, Stage, train
from outvoted.actors.threads import use_one_thread


@ray.remote(num_returns="streaming", max_retries=-1)
def train_generator_remotely(
    training: DcganTraining, split: Split, start: Checkpoint | None
) -> Iterator[Stage]:
    """Train a generator, one thread, and stream its stages."""
    use_one_thread()
    yield from train(training, split, start)
