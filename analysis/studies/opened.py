"""A study as it lies on disk, opened to be read."""

from functools import cached_property
from typing import TYPE_CHECKING

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.base import Study
from outvoted.search.arrays import Pixels

if TYPE_CHECKING:
    import pandas as pd


class OpenedStudy:
    """Reads a study's configuration, data, images and votes."""

    def __init__(self, study: Study, run: OpenedRun) -> None:
        """Take a study and the run that recorded it."""
        self.study, self.run = study, run
        self.store = StudyStore(run.store.path, study.fields())

    @property
    def data(self) -> Dataset:
        """The data set of the study; its fingerprint must be that of the study."""
        return self.run.data

    @property
    def classes(self) -> int:
        """The number of classes; votes say it, so that a study can be read where its data set is not."""
        return len(self.votes["probabilities"].iloc[0])

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class: its number where the data set has none, or another number of them."""
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
    def architectures(self) -> dict[str, str]:
        """What each peer of the panel is, by its name."""
        return {member.name: member.architecture.label for member in self.run.members}
