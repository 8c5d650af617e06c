"""Training the families of a boundary study, and having what was kept vote on its images."""

from collections.abc import Iterator, Sequence
from typing import Any

import ray
from ray.exceptions import RayError
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.studies.ray_target_training import Goal, Trained, train_to_targets_remotely
from outvoted.actors.studies.study_store import FAILED, FINISHED, Row, StudyStore
from outvoted.actors.training.target_training import Check, Stop
from outvoted.analysis.studies.families import Family, Unit, units, work
from outvoted.cluster.ray.placement import Share
from outvoted.search.arrays import Pixels

_TRAIN: Any = train_to_targets_remotely


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

    A training that failed is recorded with its reason, and is tried again when the study goes on. What a
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
    for unit, found in _events(left, data, images, share):
        if isinstance(found, Check):
            details = f"{unit.name}: epoch {found.epoch}, {found.accuracy:.2%} of test images right"
            bars.update(bar, details=details)
            accuracy, loss = f"test accuracy by step/{unit.name}", f"loss by step/{unit.name}"
            monitor.step(found.step, {accuracy: found.accuracy, loss: found.loss})
            continue
        store.write_unit(unit.name, _rows(unit, found), found.kept, found.votes)
        bars.update(bar, advance=1, details=f"{unit.name}: {_summary(found)}")


def _ended(store: StudyStore, every: Sequence[Unit]) -> set[str]:
    """Return the units that need no more training; failed ones are tried again."""
    ended = set()
    for unit in every:
        rows = store.stops([unit.name])
        if len(rows) and (rows["outcome"] == FINISHED).all():
            ended.add(unit.name)
    return ended


def _events(
    left: Sequence[Unit], data: Dataset, images: Pixels, share: Share
) -> Iterator[tuple[Unit, Check | Trained]]:
    """Run all trainings, long ones first, and yield what they report as it comes."""
    work_of = {unit.family.name: work(unit.family, data) for unit in left}
    placed = ray.put(data), ray.put(images)
    options = {"num_cpus": min(1.0, ray.cluster_resources().get("CPU", 1.0)), "num_gpus": share.num_gpus}
    running: dict[Any, Unit] = {}
    for unit in sorted(left, key=lambda unit: (-work_of[unit.family.name], unit.seed)):
        running[_TRAIN.options(**options).remote(_goal(unit), *placed)] = unit
    while running:
        (stream,), _ = ray.wait(list(running), num_returns=1)
        unit = running[stream]
        try:
            yield unit, ray.get(next(stream))
        except StopIteration:
            del running[stream]
        except RayError as error:
            del running[stream]
            yield unit, _lost(unit, error)


def _goal(unit: Unit) -> Goal:
    targets = {unit.stop(target): target for target in unit.targets}
    return Goal(unit.family.network, unit.training, targets, unit.family.stopping, unit.seed)


def _lost(unit: Unit, error: RayError) -> Trained:
    """Say of a training that its task failed."""
    cause = getattr(error, "cause", None) or error
    failure = f"{type(cause).__name__}: {' '.join(str(cause).split())}"[:300]
    stops = {unit.stop(target): Stop(target, None, None, failure) for target in unit.targets}
    return Trained(stops, (), (), failure, 0.0)


def _rows(unit: Unit, found: Trained) -> list[Row]:
    """Return the rows of a training (schema.stops)."""
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
