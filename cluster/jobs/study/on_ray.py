"""A study's work as Ray tasks."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.studies.ray_tasks import Trained, train_to_targets_remotely, vote_remotely
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage
from outvoted.actors.training.ray_training import train_generator_remotely
from outvoted.actors.training.target_training import Check
from outvoted.analysis.studies.families import StudyUnit
from outvoted.cluster.console.terminal import warn
from outvoted.cluster.jobs.networks import OnEpoch, shelved
from outvoted.cluster.jobs.study.runner import StudyRunner, goal, longest_first, lost
from outvoted.cluster.ray.calls import completed, result
from outvoted.cluster.ray.placement import Share
from outvoted.search.arrays import Pixels, Singles

_VOTE: Any = vote_remotely
_TRAIN: Any = train_generator_remotely
_TRAIN_FAMILY: Any = train_to_targets_remotely


class RayStudyRunner(StudyRunner):
    """A task for each network; with trained panels on a shelf beside the runs."""

    def __init__(self, data: Dataset, share: Share, panels: Path, bars: Bars) -> None:
        """Take the images, what a task takes of the machines, and the folder of the shelf."""
        self._data, self._share, self._panels, self._bars = data, share, panels, bars
        self._say = partial(warn, bars.console)

    def trained(self, wanted: tuple[Recipe, ...], on_epoch: OnEpoch) -> Sequence[Member]:
        """Return trained networks, a task for each that the shelf lacks."""
        return shelved(self._panels, self._data, self._share, self._bars, on_epoch)(wanted)

    def votes(self, networks: Sequence[Member], images: Pixels) -> Iterator[tuple[str, Singles]]:
        """Put images to networks, a task for each."""
        data, placed = self._data, ray.put(images)
        task = _VOTE.options(num_cpus=self._share.num_cpus, num_gpus=self._share.num_gpus)
        calls = {task.remote(one, placed, data.shape, data.classes): one.name for one in networks}
        for name, call in completed(calls, self._say):
            yield name, result(call)

    def generator(self, training: DcganTraining, start: Checkpoint | None) -> Iterator[TrainingStage]:
        """Train a generator in a task."""
        call = _TRAIN.options(**self._training()).remote(training, ray.put(self._data.train), start)
        for _, stage in completed({call: None}, self._say):
            yield result(stage)

    def to_targets(
        self, units: Sequence[StudyUnit], images: Pixels
    ) -> Iterator[tuple[StudyUnit, Check | Trained]]:
        """Run all trainings, long ones first, and yield what they report as it comes."""
        placed, task = (ray.put(self._data), ray.put(images)), _TRAIN_FAMILY.options(**self._training())
        running: dict[Any, StudyUnit] = {}
        for unit in longest_first(units, self._data):
            running[task.remote(goal(unit), *placed)] = unit
        for unit, call in completed(running, self._say):
            try:
                yield unit, ray.get(call)
            except RayError as error:
                yield unit, lost(unit, getattr(error, "cause", None) or error)

    def _training(self) -> dict[str, float]:
        cpus = min(1.0, ray.cluster_resources().get("CPU", 1.0))
        return {"num_cpus": cpus, "num_gpus": self._share.num_gpus}
