"""What is trained for a study: its generator, and families of networks kept at target accuracies."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.runs.files import remove
from outvoted.actors.studies.ray_tasks import Goal, Trained, train_to_targets_remotely
from outvoted.actors.studies.study_store import FAILED, FINISHED, Row, StudyStore
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage
from outvoted.actors.training.generators.generator import AnyGenerator, Generator, TrainedGenerator, read
from outvoted.actors.training.ray_training import train_generator_remotely
from outvoted.actors.training.target_training import Check, Stop
from outvoted.analysis.studies.families import Family, StudyUnit, units, work
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.ray.calls import completed, result
from outvoted.cluster.ray.placement import Share
from outvoted.search.arrays import Pixels

FILE, CHECKPOINT = "generator.safetensors", "checkpoint.safetensors"
_TRAIN: Any = train_generator_remotely


def run_generator(
    store: StudyStore, settings: AnyGenerator, data: Dataset, share: Share, bars: Bars, monitor: Monitor
) -> Generator:
    """Return a study's generator: its own if it is resumed, else the one that its settings name.

    It lies in the study's ``generator/`` then. Training resumes from the study's checkpoint, and
    is kept beside the runs for all studies with the same settings and images.

    Raises:
        OutvotedError: it cannot be read, doesn't fit the data, or cannot be trained on it.
    """
    own = store.folder.generator / FILE
    if own.is_file():
        return read(own)
    found = settings.load(data)
    if isinstance(settings, TrainedGenerator):
        found = _trained(store, settings, data, share, bars, monitor)
    assert found is not None  # only one that is trained has none to load
    found.save(own)
    remove(store.folder.generator / CHECKPOINT)
    return found


def _trained(
    store: StudyStore, settings: TrainedGenerator, data: Dataset, share: Share, bars: Bars, monitor: Monitor
) -> Generator:
    """Take the generator from the shelf, or train it and put it there."""
    key = settings.key(data.fingerprint)
    shelf = store.folder.panels.with_name(".generators") / key / FILE
    if shelf.is_file():
        return read(shelf)
    checkpoint = store.folder.generator / CHECKPOINT
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
) -> Iterator[TrainingStage]:
    """Train in a Ray task, showing how far it is."""
    total, epoch = training.steps(len(images)), training.steps(len(images)) // training.epochs
    done = 0 if start is None else start.step
    bar = bars.add_task("generator", total=total, completed=done, details="")
    options = {"num_cpus": min(1.0, ray.cluster_resources().get("CPU", 1.0)), "num_gpus": share.num_gpus}
    training_call = _TRAIN.options(**options).remote(training, ray.put(images), start)
    for _, call in completed({training_call: None}, partial(warn, bars.console)):
        stage: TrainingStage = result(call)
        losses = f"losses {stage.generator_loss:.2f}, {stage.discriminator_loss:.2f} (discriminator)"
        number = -(-stage.checkpoint.step // epoch)
        details = f"epoch {number} of {training.epochs}, {losses}"
        bars.update(bar, completed=stage.checkpoint.step, details=details)
        yield stage


_TRAIN_FAMILY: Any = train_to_targets_remotely


def train_families(
    store: StudyStore,
    families: Sequence[Family],
    data: Dataset,
    images: Pixels,
    share: Share,
    bars: Bars,
    monitor: Monitor,
) -> None:
    """Train every network that is not recorded yet, each in a task of its own, and record what came of it.

    A training that failed is recorded with its reason, and is tried again when the study is resumed. What a
    network gives does not depend on those beside it, nor on when it is trained.

    Args:
        images: those of the study, shape (n, channels, height, width), uint8; every network votes on them.

    Raises:
        OutvotedError: the results cannot be written.
    """
    every = units(families)
    ended = _ended(store, every)
    left = [unit for unit in every if unit.name not in ended]
    bar = bars.add_task("families", total=len(every), completed=len(every) - len(left), details="")
    for unit, found in _events(left, data, images, share, partial(warn, bars.console)):
        if isinstance(found, Check):
            details = f"{unit.name}: epoch {found.epoch}, {found.accuracy:.2%} of test images right"
            bars.update(bar, details=details)
            accuracy, loss = f"test accuracy by step/{unit.name}", f"loss by step/{unit.name}"
            monitor.step(found.step, {accuracy: found.accuracy, loss: found.loss})
            continue
        store.write_unit(unit.name, _rows(unit, found), found.kept, found.votes)
        bars.update(bar, advance=1, details=f"{unit.name}: {_summary(found)}")


def _ended(store: StudyStore, every: Sequence[StudyUnit]) -> set[str]:
    """Return the units that need no more training; failed ones are tried again."""
    ended = set()
    for unit in every:
        rows = store.stops([unit.name])
        if len(rows) and (rows["outcome"] == FINISHED).all():
            ended.add(unit.name)
    return ended


def _events(
    left: Sequence[StudyUnit],
    data: Dataset,
    images: Pixels,
    share: Share,
    say: Callable[[str], object],
) -> Iterator[tuple[StudyUnit, Check | Trained]]:
    """Run all trainings, long ones first, and yield what they report as it comes."""
    work_of = {unit.family.name: work(unit.family, data) for unit in left}
    placed = ray.put(data), ray.put(images)
    options = {"num_cpus": min(1.0, ray.cluster_resources().get("CPU", 1.0)), "num_gpus": share.num_gpus}
    running: dict[Any, StudyUnit] = {}
    for unit in sorted(left, key=lambda unit: (-work_of[unit.family.name], unit.seed)):
        running[_TRAIN_FAMILY.options(**options).remote(_goal(unit), *placed)] = unit
    for unit, call in completed(running, say):
        try:
            yield unit, ray.get(call)
        except RayError as error:
            yield unit, _lost(unit, error)


def _goal(unit: StudyUnit) -> Goal:
    targets = {unit.stop(target): target for target in unit.targets}
    return Goal(unit.family.network, unit.training, targets, unit.family.stopping, unit.seed)


def _lost(unit: StudyUnit, error: RayError) -> Trained:
    """Say of a training that its task failed."""
    cause = getattr(error, "cause", None) or error
    failure = f"{type(cause).__name__}: {' '.join(str(cause).split())}"[:300]
    stops = {unit.stop(target): Stop(target, None, None, failure) for target in unit.targets}
    return Trained(stops, (), (), failure, 0.0)


def _rows(unit: StudyUnit, found: Trained) -> list[Row]:
    """Return the rows of a training (schema.STOPS)."""
    kept = {member.name for member in found.kept}
    return [
        {
            "network": name,
            "family": unit.family.name,
            "variant": str(unit.variant),
            "seed": unit.seed,
            "target": stop.target,
            "reached": name in kept,
            "test_accuracy": None if stop.check is None else stop.check.accuracy,
            "steps": None if stop.check is None else stop.check.step,
            "checks": None if stop.check is None else stop.check.number,
            "seconds": found.seconds,
            "outcome": FAILED if found.failure else FINISHED,
            "reason": stop.reason or None,
        }
        for name, stop in found.stops.items()
    ]


def _summary(found: Trained) -> str:
    if found.failure:
        return f"failed, {found.failure}"
    return f"{len(found.kept)} of {len(found.stops)} targets reached"
