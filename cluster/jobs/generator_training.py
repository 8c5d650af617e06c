"""Getting a study its generator: from the package, a file, an earlier run, or by training it."""

from collections.abc import Iterator
from typing import Any

import ray
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.studies.study_store import StudyStore
from outvoted.actors.training.generators.generator import Generator, read
from outvoted.actors.training.generators.settings import AnyGenerator, TrainedGenerator
from outvoted.actors.training.generators.training import Checkpoint, DcganTraining, Stage
from outvoted.actors.training.ray_training import train_generator_remotely
from outvoted.cluster.ray.lease import result
from outvoted.cluster.ray.placement import Share

FILE, CHECKPOINT = "generator.safetensors", "checkpoint.safetensors"
_TRAIN: Any = train_generator_remotely


def run_generator(
    store: StudyStore, settings: AnyGenerator, data: Dataset, share: Share, bars: Bars, monitor: Monitor
) -> Generator:
    """Return a study's generator: its own if it is resumed, else the one that its settings name.

    It lies in the study's ``generator/`` then. One that is trained goes on from the study's checkpoint, and
    is kept beside the runs for all studies with the same settings and images.

    Raises:
        OutvotedError: it cannot be read, doesn't fit the data, or cannot be trained on it.
    """
    own = store.generator / FILE
    if own.is_file():
        return read(own)
    found = settings.load(data)
    if isinstance(settings, TrainedGenerator):
        found = _trained(store, settings, data, share, bars, monitor)
    assert found is not None  # only one that is trained has none to load
    found.save(own)
    (store.generator / CHECKPOINT).unlink(missing_ok=True)
    return found


def _trained(
    store: StudyStore, settings: TrainedGenerator, data: Dataset, share: Share, bars: Bars, monitor: Monitor
) -> Generator:
    """Take the generator from the shelf, or train it and put it there."""
    key = settings.key(data.fingerprint)
    shelf = store.panels.with_name(".generators") / key / FILE
    if shelf.is_file():
        return read(shelf)
    checkpoint = store.generator / CHECKPOINT
    reached = Checkpoint.load(checkpoint, key)
    for stage in _stages(settings.training, data.train, reached, share, bars):
        stage.checkpoint.save(checkpoint, key)
        losses = {
            "loss of the DCGAN/generator": stage.generator_loss,
            "loss of the DCGAN/discriminator": stage.discriminator_loss,
        }
        monitor.step(stage.checkpoint.step, losses)
        reached = stage.checkpoint
    assert reached is not None  # training takes at least one step
    found = Generator.of(data.shape, settings.training.maps, reached.weights("generator"))
    found.save(shelf)
    return found


def _stages(
    training: DcganTraining, images: Split, start: Checkpoint | None, share: Share, bars: Bars
) -> Iterator[Stage]:
    """Train in a Ray task, showing how far it is."""
    total, epoch = training.steps(len(images)), training.steps(len(images)) // training.epochs
    done = 0 if start is None else start.step
    bar = bars.add_task("generator", total=total, completed=done, details="")
    options = {"num_cpus": min(1.0, ray.cluster_resources().get("CPU", 1.0)), "num_gpus": share.num_gpus}
    for call in _TRAIN.options(**options).remote(training, ray.put(images), start):
        stage: Stage = result(call)
        losses = f"losses {stage.generator_loss:.2f}, {stage.discriminator_loss:.2f} (discriminator)"
        number = -(-stage.checkpoint.step // epoch)
        details = f"epoch {number} of {training.epochs}, {losses}"
        bars.update(bar, completed=stage.checkpoint.step, details=details)
        yield stage
