"""What is trained for a study: its generator, and families of networks kept at target accuracies."""

from collections.abc import Iterator, Sequence

from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.runs.files import remove
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.studies.study_store import FAILED, FINISHED, Row, StudyStore
from outvoted.actors.studies.tasks import Trained
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage
from outvoted.actors.training.generators.generator import AnyGenerator, Generator, TrainedGenerator, read
from outvoted.actors.training.target_training import Check
from outvoted.analysis.studies.families import Family, StudyUnit, units
from outvoted.cluster.jobs.study.runner import StudyRunner
from outvoted.search.arrays import Pixels

FILE, CHECKPOINT = "generator.safetensors", "checkpoint.safetensors"


def run_generator(
    store: StudyStore,
    settings: AnyGenerator,
    data: Dataset,
    runner: StudyRunner,
    bars: Bars,
    monitor: Monitor,
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
        found = _trained(store, settings, data, runner, bars, monitor)
    assert found is not None  # only one that is trained has none to load
    found.save(own)
    remove(store.folder.generator / CHECKPOINT)
    return found


def _trained(
    store: StudyStore,
    settings: TrainedGenerator,
    data: Dataset,
    runner: StudyRunner,
    bars: Bars,
    monitor: Monitor,
) -> Generator:
    """Take the generator from the shelf, or train it and put it there."""
    key = settings.key(data.fingerprint)
    shelf = store.folder.panels.with_name(".generators") / key / FILE
    if shelf.is_file():
        return read(shelf)
    checkpoint = store.folder.generator / CHECKPOINT
    reached = Checkpoint.load(checkpoint, key)
    for stage in _shown(settings.training, data, reached, runner, bars):
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


def _shown(
    training: DcganTraining, data: Dataset, start: Checkpoint | None, runner: StudyRunner, bars: Bars
) -> Iterator[TrainingStage]:
    """Train, showing how far it is."""
    total = training.steps(len(data.train))
    epoch, done = total // training.epochs, 0 if start is None else start.step
    bar = bars.add_task("generator", total=total, completed=done, details="")
    for stage in runner.generator(training, start):
        losses = f"losses {stage.generator_loss:.2f}, {stage.discriminator_loss:.2f} (discriminator)"
        number = -(-stage.checkpoint.step // epoch)
        details = f"epoch {number} of {training.epochs}, {losses}"
        bars.update(bar, completed=stage.checkpoint.step, details=details)
        yield stage


def train_families(
    store: StudyStore,
    families: Sequence[Family],
    images: Pixels,
    runner: StudyRunner,
    bars: Bars,
    monitor: Monitor,
) -> None:
    """Train every network that is not recorded yet, and record what came of it.

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
    for unit, found in runner.to_targets(left, images):
        if isinstance(found, Check):
            details = f"{unit.name}: epoch {found.epoch}, {found.accuracy:.2%} of test images right"
            bars.update(bar, details=details)
            accuracy, loss = f"test accuracy by step/{unit.name}", f"loss by step/{unit.name}"
            monitor.step(found.step, {accuracy: found.accuracy, loss: found.loss})
            continue
        store.write_unit(unit.name, _rows(unit, found), found.kept, found.votes)
        run_meter().add("networks", outcome=FAILED if found.failure else FINISHED)
        bars.update(bar, advance=1, details=f"{unit.name}: {_summary(found)}")


def _ended(store: StudyStore, every: Sequence[StudyUnit]) -> set[str]:
    """Return the units that need no more training; failed ones are tried again."""
    ended = set()
    for unit in every:
        rows = store.stops([unit.name])
        if len(rows) and (rows["outcome"] == FINISHED).all():
            ended.add(unit.name)
    return ended


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
