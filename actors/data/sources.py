"""Repositories of images to scan, each told apart by its `kind`, and the chunks they are read in."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from outvoted.actors.data import datasets
from outvoted.actors.data.checkerboard import GridSource
from outvoted.actors.data.datasets import DatasetName, DataSettings
from outvoted.actors.data.files import UserPath
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.pictures import Fit, UndecodableError
from outvoted.actors.data.rows import HeldRows, Item, Piece, Rows, Source
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError


class DatasetSource(Source):
    """A split of a data set that is read as for training; its labels only score what was found."""

    kind: Literal["dataset"] = "dataset"
    name: DatasetName = "mnist-sample"
    path: UserPath | None = None
    """Where it lies; looked up by name where it is left out."""
    split: Literal["train", "test"] = "train"
    """Which of its images are scanned."""
    skip: Annotated[int, Field(ge=0)] = 0
    """Skip this many images at the beginning, such as those that the panel was trained on."""

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


@dataclass(frozen=True)
class Chunk:
    """Images from consecutive positions of a repository.

    Attributes:
        first: the first position.
        images: shape (n, channels, height, width): those that could be decoded.
        positions: shape (n,).
        paths: n paths, None for images without a file of their own.
        labels: shape (n,), the true labels, -1 where they are not known.
        undecodable: position, path and reason of each other image.
    """

    first: int
    images: Pixels
    positions: Ints
    paths: list[str | None]
    labels: Ints
    undecodable: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.positions) + len(self.undecodable)

    def to_row(self) -> dict[str, Any]:
        """Return the chunk as plain values that travel in one row of a table."""
        rest = [self.positions.tolist(), self.paths, self.labels.tolist(), self.undecodable]
        return {
            "first": self.first,
            "pixels": self.images.tobytes(),
            "rest": json.dumps([list(self.images.shape), *rest]),
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Chunk":
        """Read a chunk from such a row."""
        shape, positions, paths, labels, undecodable = json.loads(row["rest"])
        images = np.frombuffer(row["pixels"], np.uint8).reshape(shape)
        found = (np.array(positions, np.int64), paths, np.array(labels, np.int64))
        return cls(int(row["first"]), images, *found, undecodable)


def chunks(piece: Piece, fit: Fit, size: int, done: frozenset[int] = frozenset()) -> Iterator[Chunk]:
    """Read a piece chunk by chunk, ``size`` positions each; those that are ``done`` are left out."""
    items = piece.rows.items()
    for first in firsts(piece, size):
        some = islice(items, min(size, piece.first + piece.count - first))
        if first in done:
            for _ in some:
                pass
        else:
            yield _chunk(first, some, fit)


def firsts(piece: Piece, size: int) -> range:
    """Return the first positions of a piece's chunks."""
    return range(piece.first, piece.first + piece.count, size)


def _chunk(first: int, items: Iterable[Item], fit: Fit) -> Chunk:
    images: list[Pixels] = []
    positions: list[int] = []
    paths: list[str | None] = []
    labels: list[int] = []
    undecodable: list[dict[str, Any]] = []
    for position, item in enumerate(items, first):
        try:
            images.append(fit.fitted(item.content))
        except UndecodableError as error:
            undecodable.append({"position": position, "path": item.path, "reason": str(error)})
            continue
        positions.append(position)
        paths.append(item.path)
        labels.append(item.label)
    pixels = np.stack(images) if images else np.empty((0, *fit.shape), np.uint8)
    return Chunk(first, pixels, np.array(positions, np.int64), paths, np.array(labels, np.int64), undecodable)
