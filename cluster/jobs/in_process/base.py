"""The interface of a run that is made in this process."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import pyarrow as pa

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
        tables: rows, by the names of tables, of which what is said of a run at this point is a pure function:
            its folder may hold more, where the run was interrupted further on. Tables that are not among them
            are read.
    """

    number: int
    of: int
    tables: Mapping[str, pa.Table] = field(default_factory=dict)


Heard = Callable[[Milestone], bool]
"""Is told at every milestone, by a run that goes on also at those before; False ends it there, but at the
last, which is told also of a run that was made before."""


@dataclass(frozen=True)
class Making(Generic[Config]):
    """A run that is to be made.

    Attributes:
        config: of the run, settled to the images (see ``Settings.settled``).
        store: its folder, new or begun.
        data: its labelled images.
        heard: asked at milestones whether to go on; None where nobody wants to know.
        milestones: how many a run of mining has, at most; fewer let it go on faster.
    """

    config: Config
    store: RunFolder
    data: Dataset
    shelf: Shelf
    heard: Heard | None = None
    milestones: int = 10


class InProcess(ABC, Generic[Config]):
    """Makes runs of one kind, one after another; what several can share it keeps."""

    @abstractmethod
    def make(self, run: Making[Config]) -> bool:
        """Make a run, or what is left of it, into its folder; return whether it went to its end.

        The folder is what the run's own command would have left, without the report.

        Raises:
            OutvotedError: something must be fixed; the folder's `run.json` says so too.
        """
