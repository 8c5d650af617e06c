"""Images read by row: what every format gives, and what both views of it are made of.

A format finds its images and returns :class:`Rows`. The labelled view (``labelled.py``) decodes all of them
into the splits of a data set. The unlabelled view (:class:`Source`) cuts them into pieces, which a scan reads
one by one: there, an image that cannot be decoded is part of the data.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from outvoted.actors.data.pictures import Look, UndecodableError, stacked
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

UNKNOWN = -1
"""The label of an image of which none is known."""


Content = bytes | Pixels | UndecodableError
"""The bytes of an image file; or uint8 pixels (channels, height, width); or why there are none."""


@dataclass(frozen=True)
class Item:
    """One image as it is stored.

    Attributes:
        content: the image.
        path: where it comes from, if it has a file of its own; printable, for messages and tables.
        label: its true label, or ``UNKNOWN``.
    """

    content: Content
    path: str | None = None
    label: int = UNKNOWN


@dataclass(frozen=True)
class Rows(ABC):
    """Images in a fixed order, any range of which can be read without the rest.

    It says where images lie, and holds neither them nor an open file; so it can be sent to another process.
    ``rows[first:last]`` is a range, of which nothing is read yet.

    Attributes:
        where: where the labels are written, as messages say it.
    """

    where: str

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _range(self, first: int, last: int) -> "Rows":
        """Return rows ``first`` to ``last`` - 1, both within bounds."""

    def __getitem__(self, rows: slice) -> "Rows":
        first, last, _ = rows.indices(len(self))
        return self._range(first, max(first, last))

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Read all images in order, few of them in memory at a time.

        Raises:
            OutvotedError: what holds them is damaged; a single image that is none is an item.
        """

    def contents(self, numbers: Ints) -> Iterator[Content]:
        """Read some images, few of them in memory at a time.

        Args:
            numbers: of the rows, ascending, each once.

        Raises:
            OutvotedError: what holds them is damaged.
        """
        for run in runs(numbers):
            yield from (item.content for item in self[int(run[0]) : int(run[-1]) + 1].items())

    @property
    def in_memory(self) -> bool:
        """Whether images have to be in memory to be read, for no single row can be reached."""
        return False

    def stamp(self) -> str | None:
        """Return a text that changes whenever a file that holds an image does; None if that can't be told."""
        return None

    def too_dark(self, highest: int) -> OutvotedError | None:
        """Return what to say if no number in any image is above ``highest``; None if that can be."""
        return None

    def labels(self) -> Ints:
        """Return the labels, shape (n,), ``UNKNOWN`` where there is none.

        Raises:
            OutvotedError: one is no whole number that tables of runs can hold.
        """
        return np.full(len(self), UNKNOWN, np.int64)

    def name(self, row: int) -> str:
        """Return what messages call a row."""
        return f"image {row} of {self.where}"

    def pixels(self, look: Look) -> Pixels:
        """Decode all images, shape (n, channels, height, width).

        Raises:
            OutvotedError: one cannot be decoded or is of another size, or they don't fit into memory.
        """
        contents = (item.content for item in self.items())
        return stacked(contents, len(self), self.name, look)

    def cuts(self, size: int) -> Iterable[int]:
        """Return where to begin each part that is read in one go: every ``size`` rows, or as the files do."""
        return range(0, len(self), size)


def runs(numbers: Ints, gap: int = 1) -> Iterator[Ints]:
    """Cut ascending numbers into those that follow one another, each at most ``gap`` after the one before."""
    yield from np.split(numbers, np.flatnonzero(np.diff(numbers) > gap) + 1) if len(numbers) else ()


@dataclass(frozen=True)
class HeldRows(Rows):
    """Images that are in memory already.

    Attributes:
        images: shape (n, channels, height, width), uint8.
        numbers: their labels, shape (n,).
    """

    images: Pixels
    numbers: Ints

    def __len__(self) -> int:
        return len(self.numbers)

    def _range(self, first: int, last: int) -> Rows:
        return HeldRows(self.where, self.images[first:last], self.numbers[first:last])

    @property
    def in_memory(self) -> bool:
        """They are."""
        return True

    def items(self) -> Iterator[Item]:
        """Give the images."""
        for image, label in zip(self.images, self.numbers, strict=True):
            yield Item(image, label=int(label))

    def labels(self) -> Ints:
        """Return the labels."""
        return self.numbers

    def pixels(self, look: Look) -> Pixels:
        """Return the images, resized and converted if the look says so."""
        return self.images if look.keeps(self.images.shape) else super().pixels(look)


@dataclass(frozen=True)
class Piece:
    """Some rows of a repository, read in one go by one process; ``first`` is the position of the first."""

    first: int
    rows: Rows

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.rows)


class Source(ABC, Settings):
    """A repository of images in a fixed order, read piece by piece; frozen settings, no state."""

    @abstractmethod
    def rows(self) -> Rows:
        """Find the images.

        Raises:
            OutvotedError: there are none, or they are not what they should be.
        """

    def pieces(self, batch: int) -> list[Piece]:
        """List the pieces in order, of ``batch`` images each where the repository can be cut anywhere.

        Raises:
            OutvotedError: as ``rows``, or a label is none.
        """
        rows = self.rows()
        rows.labels()  # now, so that none is found wanting in the middle of a scan
        ends = [*rows.cuts(batch), len(rows)]
        return [Piece(first, rows[first:last]) for first, last in pairwise(ends)]
