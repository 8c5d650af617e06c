"""The interface of a study: which images are put to a panel, and what their votes show."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.studies.study_store import Fields
from outvoted.actors.training.generators.generator import AnyGenerator
from outvoted.analysis.studies.families import Family
from outvoted.search.arrays import Floats, Pixels, Singles
from outvoted.search.settings import Settings

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report
    from outvoted.analysis.studies.opened import OpenedStudy

Generate = Callable[[Floats], Pixels]
"""Turns random vectors, (n, latent size), into images, (n, channels, height, width), uint8."""
Vote = Callable[[Pixels], Singles]
"""Returns one network's probabilities for images, (n, classes)."""


@dataclass(frozen=True)
class Needs:
    """What has to be trained besides the panel.

    Attributes:
        generator: what makes the images, if anything.
        referee: whether there is a referee; it then votes on the study's images too.
        families: networks that are trained to target accuracies, and vote too.
    """

    generator: AnyGenerator | None = None
    referee: bool = False
    families: tuple[Family, ...] = ()


@dataclass(frozen=True)
class Ingredients:
    """What images are made from.

    Attributes:
        data: the data set of the study.
        generate: a trained generator; None if the study needs none.
        referee: the referee; None if the study needs none.
    """

    data: Dataset
    generate: Generate | None = None
    referee: Vote | None = None

    @property
    def generated(self) -> tuple[Generate, Vote]:
        """The generator and the referee, in a study that needs both."""
        assert self.generate is not None  # the runner brings both
        assert self.referee is not None
        return self.generate, self.referee


class Study(ABC, Settings):
    """Which images a panel votes on, and what its votes show; frozen settings."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What has to be trained besides the panel."""

    @abstractmethod
    def fields(self) -> Fields:
        """Return the columns that say how an image was made (beside schema.STUDY_IMAGES)."""

    @abstractmethod
    def check(self, data: Dataset) -> None:
        """Refuse data that the study's images cannot be made from.

        Raises:
            OutvotedError: they can't.
        """

    @abstractmethod
    def images(self, made_from: Ingredients) -> pa.Table:
        """Make the images: rows of schema.STUDY_IMAGES with fields(); a pure function of its arguments.

        Raises:
            OutvotedError: an image cannot be made.
        """

    @abstractmethod
    def sample(self) -> tuple["Study", float]:
        """Return a small study of this kind, and how many times as many images this one makes."""

    @abstractmethod
    def extras(self, made_from: Ingredients) -> Mapping[str, pa.Table]:
        """Return further tables, by name, for the report to show how the images were made."""

    @abstractmethod
    def report(self, study: "OpenedStudy") -> "Report":
        """Measure what has been voted so far.

        Raises:
            OutvotedError: there are no votes yet, or data or a file is missing.
        """
