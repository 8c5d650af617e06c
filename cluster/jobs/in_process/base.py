"""The interface of a run that is made in this process."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.run_settings import RunSettings

Config = TypeVar("Config", bound=RunSettings)


class Shelf(ABC):
    """Where trained networks come from."""

    @abstractmethod
    def trained(self, wanted: tuple[Recipe, ...], data: Dataset) -> list[Member]:
        """Return trained networks, training what nobody has trained yet: once, whoever asks.

        Raises:
            OutvotedError: a network cannot be built or trained.
        """


@dataclass(frozen=True)
class Milestone:
    """How far a run is, at a point that does not depend on time.

    Attributes:
        number: of the milestone, from 1.
        of: how many there are; the last one is the run's end.
    """

    number: int
    of: int


Heard = Callable[[Milestone], bool]
"""Is told at every milestone but the last; False ends the run there."""


@dataclass(frozen=True)
class Making(Generic[Config]):
    """A run that is to be made.

    Attributes:
        config: of the run, settled to the images (see ``Settings.settled``).
        store: its folder, new or begun.
        data: its labelled images.
        heard: asked at milestones whether to go on.
    """

    config: Config
    store: RunFolder
    data: Dataset
    shelf: Shelf
    heard: Heard


class InProcess(ABC, Generic[Config]):
    """Makes runs of one kind, one after another; what several can share it keeps."""

    @abstractmethod
    def make(self, run: Making[Config]) -> bool:
        """Make a run, or what is left of it, into its folder; return whether it went to its end.

        The folder is what the run's own command would have left, without the report.

        Raises:
            OutvotedError: something must be fixed; the folder's `run.json` says so too.
        """
