"""Repositories of images to scan, each told apart by its ``kind``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.data import datasets
from outvoted.actors.data.checkerboard import GridSource
from outvoted.actors.data.datasets import DatasetName, DataSettings
from outvoted.actors.data.files import UserPath, entries, refuse_streams
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.rows import Item, Piece, Rows, Source
from outvoted.search.arrays import Ints
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
        """Find the images of the split."""
        return SplitRows(self, 0, len(self.found()))

    def pieces(self, batch: int) -> list[Piece]:
        """Take the split, but for what is skipped, as one piece: it is decompressed as a whole."""
        rows = self.rows()
        if len(rows) <= self.skip:
            raise OutvotedError(
                expected=f"images after the first {self.skip} of {self.name}'s {self.split} split",
                found=f"{len(rows)} images in all",
                remedy="lower scan.source.skip",
            )
        return [Piece(self.skip, rows[self.skip :])]

    def found(self) -> Rows:
        """Find the data set, wherever it is on this machine, and return the split."""
        settings = DataSettings(name=self.name, path=self.path)
        if settings.path is not None:
            refuse_streams(settings.path, entries(settings.path) if settings.path.is_dir() else ())
        return datasets.known(settings).split(self.split)


@dataclass(frozen=True)
class SplitRows(Rows):
    """Images ``first`` to ``last`` - 1 of a data set that each machine has its own copy of."""

    source: DatasetSource
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def _range(self, first: int, last: int) -> Rows:
        return replace(self, first=self.first + first, last=self.first + last)

    @property
    def where(self) -> str:
        """The split."""
        return f"the {self.source.split} split of {self.source.name}"

    def items(self) -> Iterator[Item]:
        """Read the images."""
        return self.source.found()[self.first : self.last].items()

    def labels(self) -> Ints:
        """Read the labels."""
        return self.source.found()[self.first : self.last].labels()


AnySource = Annotated[
    FolderSource | ParquetSource | ArraySource | DatasetSource | GridSource, Field(discriminator="kind")
]
"""Any source of images to scan."""
