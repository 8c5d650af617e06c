"""The interface of a data format: settings that say where labelled images lie, and how to find them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.actors.data.files import UserPath
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.rows import Rows
from outvoted.search.settings import MayChange, Settings

Classes = Annotated[int, Field(ge=2, le=MOST_CLASSES)] | None
Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class Feature:
    """A column of a table and what its grey levels mean: 0 is ``low``, 255 is ``high``, in its unit."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Contents:
    """What a data set holds: training images, test images if there are any, and names of the classes.

    ``features`` says what pixels mean where images are rows of a table; ``notes`` what was passed over, or
    understood in one of several ways.
    """

    train: Rows
    test: Rows | None = None
    class_names: tuple[str, ...] | None = None
    features: tuple[Feature, ...] | None = None
    notes: tuple[str, ...] = ()


class Levels(Settings):
    """What the numbers of an array mean as pixels; encoded pictures say that themselves."""

    white: Annotated[float, Field(gt=0)] | None = None
    """The number that white has: values are scaled from 0 to it to pixels from 0 to 255, and rounded. Left
    out: 255, and images none of which comes near it are refused."""


class Format(ABC, Look):
    """Labelled images of the user's own in one format: frozen settings, no state."""

    path: Annotated[UserPath, MayChange()]
    """A file or folder; relative to the working directory."""
    classes: Classes = None
    """Number of classes. Left out: as many as have names, or the highest label + 1."""
    test_share: Share = 0.1
    """Where there is no test split: the share of images held out for it. 0: all images are both."""

    @abstractmethod
    def read(self) -> Contents:
        """Find the images of each split.

        Raises:
            OutvotedError: something is missing, damaged, or not labelled images.
        """
