"""A study as it lies on disk, opened to be read; and a panel's votes on its images, as arrays."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.base import Study
from outvoted.search.arrays import Ints, Pixels, Singles

if TYPE_CHECKING:
    import pandas as pd

MEAN = "panel mean"
"""What the panel as a whole is called: the mean of its peers' probabilities."""


@dataclass(frozen=True)
class Ballots:
    """Every network's votes.

    Attributes:
        names: of the networks, in the panel's order.
        probabilities: shape (networks, images, classes).
    """

    names: tuple[str, ...]
    probabilities: Singles

    @property
    def predicted(self) -> Ints:
        """Every network's class for every image, shape (networks, images)."""
        return np.asarray(self.probabilities.argmax(2))

    @property
    def dissent(self) -> Singles:
        """For every image the share of networks, 0 to 1, that differ from the most frequent prediction."""
        counts = (self.predicted[..., None] == np.arange(self.probabilities.shape[2])).sum(0)
        return np.asarray(1 - counts.max(1) / len(self.names), np.float32)

    @property
    def mean(self) -> Singles:
        """The mean of all networks' probabilities, shape (images, classes)."""
        return np.asarray(self.probabilities.mean(0))

    def with_mean(self) -> "Ballots":
        """Return the same with the mean as one more network, the first."""
        return Ballots((MEAN, *self.names), np.concatenate([self.mean[None], self.probabilities]))


def ballots(votes: "pd.DataFrame") -> Ballots:
    """Read votes (schema.STUDY_VOTES): every network has voted on every image, in the order of ids."""
    names = tuple(map(str, dict.fromkeys(votes["network"])))
    stacked = np.stack(votes["probabilities"].to_list()).astype(np.float32)
    return Ballots(names, stacked.reshape(len(names), -1, stacked.shape[1]))


class OpenedStudy:
    """Reads a study's configuration, data, images and votes."""

    def __init__(self, study: Study, run: OpenedRun) -> None:
        """Take a study and the run that recorded it."""
        self.study, self.run = study, run
        self.store = StudyStore(run.store.path, study.fields())

    @property
    def data(self) -> Dataset:
        """The study's data set; its fingerprint must be the recorded one."""
        return self.run.data

    @property
    def classes(self) -> int:
        """The number of classes, read from the votes: the data set may not be at hand."""
        return len(self.votes["probabilities"].iloc[0])

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class: its number if the data set has none, or another number of them."""
        named = None if self.run.record.data is None else self.run.record.data.class_names
        return named if named and len(named) == self.classes else tuple(map(str, range(self.classes)))

    @cached_property
    def images(self) -> "pd.DataFrame":
        """How each image was made (schema.STUDY_IMAGES), without its pixels.

        Raises:
            OutvotedError: the study has no images yet.
        """
        if not self.store.has_images:
            raise self.run.without("images and votes")
        frame: pd.DataFrame = self.store.images().drop_columns(["image"]).to_pandas()
        return frame

    @cached_property
    def pixels(self) -> Pixels:
        """The images; shape (n, channels, height, width)."""
        return self.store.pixels()

    @cached_property
    def votes(self) -> "pd.DataFrame":
        """The panel's votes (schema.STUDY_VOTES).

        Raises:
            OutvotedError: it has not voted yet.
        """
        if not self.store.has_votes():
            raise self.run.without("images and votes")
        return self.store.votes()

    @property
    def ballots(self) -> Ballots:
        """The panel's votes as arrays."""
        return ballots(self.votes)

    @property
    def architectures(self) -> dict[str, str]:
        """Each peer's architecture, by its name."""
        return {member.name: member.architecture.label for member in self.run.members}
