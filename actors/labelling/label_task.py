"""What there is to label: which images each labeller sees, and in which order."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic

import numpy as np

from outvoted.actors.labelling.label_form import Key, LabelForm
from outvoted.search.arrays import Ints


class LabelTask(ABC, Generic[Key]):
    """The images of a run that people can look at.

    Attributes:
        name: the run's.
        what: is to be labelled: "images", "mistakes".
        classes: the name of each class.
        form: how labels of these images are written.
    """

    name: str
    what: str
    classes: Sequence[str]
    form: LabelForm[Key]

    @abstractmethod
    def prepare(self) -> None:
        """Look at what there is to label by now; it may take seconds, in which the rest can be asked for."""

    @abstractmethod
    def sequence(self, labeller: str) -> Sequence[Key]:
        """Return what a labeller sees, in this order; it follows from the run and the name."""

    @abstractmethod
    def pictures(self, keys: Sequence[Key]) -> list[bytes]:
        """Return images as PNG, in the order of ``keys``.

        Raises:
            OutvotedError: one is not there (any more), or is no PNG.
        """


def order(labeller: str, images: int) -> Ints:
    """Return the images in the order in which a labeller sees them; it follows from the name alone.

    Vlaar (section 2) shuffles the images before they are labelled.
    """
    seed = int.from_bytes(hashlib.sha256(labeller.encode()).digest()[:8])
    return np.random.default_rng(seed).permutation(images)


class ImagesTask(LabelTask[int]):
    """All images of a study."""

    what = "images"

    def __init__(
        self, name: str, pictures: Sequence[bytes], classes: Sequence[str], form: LabelForm[int]
    ) -> None:
        """Take the study's name, its images as PNG in the order of their numbers, and its classes."""
        self.name, self.classes, self.form = name, classes, form
        self._pictures = pictures

    def prepare(self) -> None:
        """Do nothing: a study's images stay as they are."""

    def sequence(self, labeller: str) -> list[int]:
        """Return all images, shuffled for the labeller."""
        return [int(image) for image in order(labeller, len(self._pictures))]

    def pictures(self, keys: Sequence[int]) -> list[bytes]:
        """Return some of the images."""
        return [self._pictures[key] for key in keys]
