"""The interface of a study: which images are put to a panel."""

from abc import ABC, abstractmethod

import pyarrow as pa

from outvoted.actors.datasets import Dataset
from outvoted.actors.study_store import Fields
from outvoted.search.settings import Settings


class Study(ABC, Settings):
    """Which images there are; frozen settings."""

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
    def images(self, data: Dataset) -> pa.Table:
        """Make the images: rows of schema.study_images(fields()); a pure function of its arguments.

        Raises:
            OutvotedError: an image cannot be made.
        """
