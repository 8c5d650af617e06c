"""The interface of a study: which images are put to a panel."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.studies.study_store import Fields
from outvoted.actors.training.generators.settings import AnyGenerator
from outvoted.search.arrays import Floats, Pixels, Singles
from outvoted.search.settings import Settings

Generate = Callable[[Floats], Pixels]
"""Turns latents, (n, latent size), into images, (n, channels, height, width), uint8."""
Vote = Callable[[Pixels], Singles]
"""Puts images to one network: probabilities, (n, classes)."""


@dataclass(frozen=True)
class Needs:
    """What images are made from besides the data.

    Attributes:
        generator: which generator is to be had, if any.
        referee: whether a referee is asked; it then votes on the study's images too.
    """

    generator: AnyGenerator | None = None
    referee: bool = False


@dataclass(frozen=True)
class Ingredients:
    """What images are made from.

    Attributes:
        data: the data set of the study.
        generate: a trained generator; None where the study needs none.
        referee: the votes of the referee; None where the study needs none.
    """

    data: Dataset
    generate: Generate | None = None
    referee: Vote | None = None


class Study(ABC, Settings):
    """Which images there are; frozen settings."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What :meth:`images` needs besides the data."""

    @abstractmethod
    def fields(self) -> Fields:
        """Return the columns that say how an image was made (beside schema.study_images)."""

    @abstractmethod
    def check(self, data: Dataset) -> None:
        """Refuse data that the study cannot be made from.

        Raises:
            OutvotedError: say what to change.
        """

    @abstractmethod
    def images(self, made_from: Ingredients) -> pa.Table:
        """Make the images: rows of schema.study_images(fields()); a pure function of its arguments.

        Raises:
            OutvotedError: an image cannot be made.
        """
