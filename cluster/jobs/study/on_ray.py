"""A study's work as Ray tasks."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import ray
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.studies.tasks import Trained, trained_and_asked, votes_of
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage, train_dcgan
from outvoted.actors.training.target_training import Check
from outvoted.analysis.studies.families import StudyUnit
from outvoted.cluster.jobs.networks import OnEpoch, shelved
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.study.runner import StudyRunner, goal, longest_first, lost
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.work import Errand, FailedWork, carried_out, value
from outvoted.search.arrays import Pixels, Singles


class RayStudyRunner(StudyRunner):
    """A task for each network; with trained panels on a shelf beside the runs."""

    def __init__(self, data: Dataset, share: Share, panels: Path, bars: Bars) -> None:
        """Take the images, what a task takes of the machines, and the folder of the shelf."""
        self._data, self._share, self._panels, self._bars = data, share, panels, bars
        self._say = telling(bars.console)

    def trained(self, wanted: tuple[Recipe, ...], on_epoch: OnEpoch) -> Sequence[Member]:
        """Return trained networks, a task for each that the shelf lacks."""
        return shelved(self._panels, self._data, self._share, self._bars, on_epoch)(wanted)

    def votes(self, networks: Sequence[Member], images: Pixels) -> Iterator[tuple[str, Singles]]:
        """Put images to networks, a task for each."""
        data, placed = self._data, ray.put(images)
        errands = {
            one.name: partial(
                Errand, f"votes of {one.name}", votes_of, (one, placed, data.shape, data.classes)
            )
            for one in networks
        }
        for name, found in carried_out(errands, self._share, self._say):
            yield name, value(found)

    def generator(self, training: DcganTraining, start: Checkpoint | None) -> Iterator[TrainingStage]:
        """Train a generator in a task."""
        placed = ray.put(self._data.train)

        def errand() -> Errand:
            return Errand("training the generator", train_dcgan, (training, placed, start))

        for _, found in carried_out({"generator": errand}, self._training(), self._say):
            stage: TrainingStage = value(found)
            start = stage.checkpoint
            yield stage

    def to_targets(
        self, units: Sequence[StudyUnit], images: Pixels
    ) -> Iterator[tuple[StudyUnit, Check | Trained]]:
        """Run all trainings, long ones first, and yield what they report as it comes."""
        placed = ray.put(self._data), ray.put(images)
        errands = {
            unit.name: partial(Errand, f"training {unit.name}", trained_and_asked, (goal(unit), *placed))
            for unit in longest_first(units, self._data)
        }
        named = {unit.name: unit for unit in units}
        for name, found in carried_out(errands, self._training(), self._say):
            unit = named[name]
            if isinstance(found, FailedWork):
                yield unit, lost(unit, getattr(found.error, "cause", None) or found.error)
            else:
                yield unit, found

    def _training(self) -> Share:
        return Share(min(1.0, ray.cluster_resources().get("CPU", 1.0)), self._share.num_gpus)
