"""The interface of what does a study's work, wherever that is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.studies.tasks import Goal, Trained
from outvoted.actors.training.generators.dcgan import Checkpoint, DcganTraining, TrainingStage
from outvoted.actors.training.target_training import Check, Stop
from outvoted.analysis.studies.families import StudyUnit, work
from outvoted.cluster.jobs.networks import OnEpoch
from outvoted.search.arrays import Pixels, Singles


class StudyRunner(ABC):
    """Trains networks and generators, and puts images to networks; records nothing."""

    @abstractmethod
    def trained(self, wanted: tuple[Recipe, ...], on_epoch: OnEpoch) -> Sequence[Member]:
        """Return trained networks, one for each recipe, training those that nobody has trained yet.

        Args:
            on_epoch: may be told of each epoch of those that are trained.
        """

    @abstractmethod
    def votes(self, networks: Sequence[Member], images: Pixels) -> Iterator[tuple[str, Singles]]:
        """Yield each network's name and its votes on images, (n, classes), in any order."""

    @abstractmethod
    def generator(self, training: DcganTraining, start: Checkpoint | None) -> Iterator[TrainingStage]:
        """Train a generator on the study's training images, from where it had got to."""

    @abstractmethod
    def to_targets(
        self, units: Sequence[StudyUnit], images: Pixels
    ) -> Iterator[tuple[StudyUnit, Check | Trained]]:
        """Train networks to their target accuracies; yield checks, and of each its outcome last.

        Args:
            images: those of the study, on which networks vote that reached a target.
        """


def longest_first(units: Sequence[StudyUnit], data: Dataset) -> list[StudyUnit]:
    """Return trainings in the order in which they best begin."""
    work_of = {unit.family.name: work(unit.family, data) for unit in units}
    return sorted(units, key=lambda unit: (-work_of[unit.family.name], unit.seed))


def goal(unit: StudyUnit) -> Goal:
    """Return what is trained, and until when."""
    targets: Mapping[str, float] = {unit.stop(target): target for target in unit.targets}
    return Goal(unit.family.network, unit.training, targets, unit.family.stopping, unit.seed)


def lost(unit: StudyUnit, error: BaseException) -> Trained:
    """Say of a training that an error ended it."""
    failure = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    stops = {unit.stop(target): Stop(target, None, None, failure) for target in unit.targets}
    return Trained(stops, (), (), failure, 0.0)
