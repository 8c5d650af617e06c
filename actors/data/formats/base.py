"""The interface of a data format: settings that say where labelled images lie, and how to read them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from outvoted.actors.data.files import UserPath
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import Look
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings


@dataclass(frozen=True)
class Feature:
    """A column of a table and what its grey levels mean: 0 is ``low``, 255 is ``high``, in its unit."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """Labelled images as they were read; labels are not yet checked.

    Attributes:
        images: shape (n, channels, height, width), uint8, 1 or 3 channels.
        labels: shape (n,), int64.
        where: the file, and the key within it, that messages name.
    """

    images: Pixels
    labels: Ints
    where: str


@dataclass(frozen=True)
class Contents:
    """What a data set holds: training images, test images if there are any, and names of the classes.

    ``features`` says what pixels mean where images are rows of a table; ``notes`` what was passed over, or
    understood in one of several ways.
    """

    train: Part
    test: Part | None = None
    class_names: tuple[str, ...] | None = None
    features: tuple[Feature, ...] | None = None
    notes: tuple[str, ...] = ()


class Levels(Settings):
    """What the numbers of an array mean as pixels; encoded pictures say that themselves."""

    white: Annotated[float, Field(gt=0)] | None = None
    """The number that white has: values are scaled from 0 to it to pixels from 0 to 255, and rounded. Left
    out: 255, and images none of which comes near it are refused."""


class Source(ABC, Look):
    """Images of the user's own in one format: frozen settings, no state."""

    path: UserPath
    """A file or folder; relative to the working directory."""
    classes: Annotated[int, Field(ge=2, le=MOST_CLASSES)] | None = None
    """Number of classes. Left out: as many as have names, or the highest label + 1."""
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Where there is no test split: the share of images held out for it. 0: all images are both."""

    @abstractmethod
    def read(self) -> Contents:
        """Read the images.

        Raises:
            OutvotedError: something is missing, damaged, or not labelled images of one size.
        """


def uncounted(path: Path, names: tuple[str, str], shapes: tuple[tuple[int, ...], ...]) -> OutvotedError:
    """Say that images and labels do not belong together, or that there are none."""
    return OutvotedError(
        expected=f"as many labels as images in {names[0]} and {names[1]}",
        found=f"arrays of shape {shapes[0]} and {shapes[1]} in {path}",
        remedy="take both from one data set, one label for each image and at least one image",
    )
