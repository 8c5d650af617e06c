"""Repositories of images to scan, each told apart by its ``kind``."""

from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.data import datasets
from outvoted.actors.data.checkerboard import GridSource
from outvoted.actors.data.datasets import DatasetName, DataSettings
from outvoted.actors.data.files import UserPath
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.rows import HeldRows, Piece, Rows, Source
from outvoted.search.errors import OutvotedError


class DatasetSource(Source):
    """A split of a data set that is read as for training; its labels only score what was found."""

    kind: Literal["dataset"] = "dataset"
    name: DatasetName = "mnist-sample"
    path: UserPath | None = None
    split: Literal["train", "test"] = "train"
    skip: Annotated[int, Field(ge=0)] = 0
    """Leave out so many images at the beginning, say those that the panel was trained on."""

    def rows(self) -> Rows:
        """Load the data set and take the split; it travels with the pieces, wherever they are read."""
        data = datasets.load(DataSettings(name=self.name, path=self.path))
        split = data.train if self.split == "train" else data.test
        return HeldRows(f"the {self.split} split of {self.name}", split.images, split.labels)

    def pieces(self, batch: int) -> list[Piece]:
        """Take the split, but for what is skipped, as one piece."""
        rows = self.rows()
        if len(rows) <= self.skip:
            raise OutvotedError(
                expected=f"images after the first {self.skip} of {self.name}'s {self.split} split",
                found=f"{len(rows)} images in all",
                remedy="lower scan.source.skip",
            )
        return [Piece(self.skip, rows[self.skip :])]


AnySource = Annotated[
    FolderSource | ParquetSource | ArraySource | DatasetSource | GridSource, Field(discriminator="kind")
]
"""Any source of images to scan."""
