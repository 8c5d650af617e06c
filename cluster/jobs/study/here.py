"""A study's work in this process."""

from collections.abc import Iterator, Sequence

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.panel.peer import voter
from outvoted.actors.studies.tasks import Trained, trained_and_asked
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage, train_dcgan
from outvoted.actors.training.target_training import Check
from outvoted.analysis.studies.families import StudyUnit
from outvoted.cluster.jobs.networks import OnEpoch, Train
from outvoted.cluster.jobs.study.runner import StudyRunner, goal, longest_first, lost
from outvoted.search.arrays import Pixels, Singles


class LocalStudyRunner(StudyRunner):
    """One network after another."""

    def __init__(self, data: Dataset, train: Train) -> None:
        """Take the images, and where trained networks come from."""
        self._data, self._train = data, train

    def trained(self, wanted: tuple[Recipe, ...], on_epoch: OnEpoch) -> Sequence[Member]:
        """Return trained networks; nobody is told of epochs."""
        return self._train(wanted)

    def votes(self, networks: Sequence[Member], images: Pixels) -> Iterator[tuple[str, Singles]]:
        """Put images to networks."""
        for one in networks:
            yield one.name, voter(one, self._data.shape, self._data.classes).vote(images)

    def generator(self, training: DcganTraining, start: Checkpoint | None) -> Iterator[TrainingStage]:
        """Train a generator."""
        return train_dcgan(training, self._data.train, start)

    def to_targets(
        self, units: Sequence[StudyUnit], images: Pixels
    ) -> Iterator[tuple[StudyUnit, Check | Trained]]:
        """Run all trainings; one that an error ends is an outcome too."""
        for unit in longest_first(units, self._data):
            try:
                for found in trained_and_asked(goal(unit), self._data, images):
                    yield unit, found
            except Exception as error:
                yield unit, lost(unit, error)
