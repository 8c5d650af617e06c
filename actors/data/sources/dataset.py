"""The images of a named data set, labels hidden."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.data import datasets
from outvoted.actors.data.chunks import Item, Piece, Source
from outvoted.actors.data.datasets import DatasetName, DataSettings, Split
from outvoted.actors.data.files import UserPath
from outvoted.search.errors import OutvotedError


class DatasetSource(Source):
    """A split of a data set that is read as for training; its labels only score what was found."""

    kind: Literal["dataset"] = "dataset"
    name: DatasetName = "mnist-sample"
    path: UserPath | None = None
    split: Literal["train", "test"] = "train"
    skip: Annotated[int, Field(ge=0)] = 0
    """Leave out so many images at the beginning, say those that the panel was trained on."""

    def pieces(self, batch: int) -> list[Piece]:
        """Take the split as one piece: it is decompressed as a whole."""
        count = len(self._split()) - self.skip
        if count < 1:
            raise OutvotedError(
                expected=f"images after the first {self.skip} of {self.name}'s {self.split} split",
                found=f"{count + self.skip} images in all",
                remedy="lower scan.source.skip",
            )
        return [Piece(self.skip, count)]

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the images of the piece; a position is an index into the split."""
        split = self._split()
        for index in range(piece.first, piece.first + piece.count):
            yield Item(split.images[index], label=int(split.labels[index]))

    def _split(self) -> Split:
        data = datasets.load(DataSettings(name=self.name, path=self.path))
        return data.train if self.split == "train" else data.test
