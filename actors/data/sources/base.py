"""The interface of a repository of images."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from outvoted.actors.data.readers.decoding import UndecodableError
from outvoted.search.arrays import Pixels
from outvoted.search.settings import Settings

__all__ = ["Item", "Piece", "Source", "UndecodableError", "cut"]


@dataclass(frozen=True)
class Piece:
    """What is read in one go: ``count`` images from position ``first`` on.

    Attributes:
        where: files in which they lie.
        part: which part of the file, where a file has parts.
    """

    first: int
    count: int
    where: tuple[str, ...] = ()
    part: int = 0


@dataclass(frozen=True)
class Item:
    """One image of a repository, before it is made to fit the panel.

    Attributes:
        content: the bytes of an image file; or uint8 pixels (channels, height, width) or (height, width); or
            why there are none.
        path: where it comes from, if it has a file of its own; printable, for messages and tables.
        label: its true label, if that is known. It is used for scoring alone.
    """

    content: bytes | Pixels | UndecodableError
    path: str | None = None
    label: int | None = None


class Source(ABC, Settings):
    """A repository of images in a fixed order, read piece by piece; frozen settings, no state."""

    @abstractmethod
    def pieces(self, batch: int) -> list[Piece]:
        """List the pieces in order, of ``batch`` images each where the repository can be cut anywhere.

        Raises:
            OutvotedError: there is nothing to read, it is not what it should be, or a label is none.
        """

    @abstractmethod
    def items(self, piece: Piece) -> Iterator[Item]:
        """Read a piece: an item for each of its positions, in order, few of them in memory at a time."""


def cut(total: int, size: int) -> list[Piece]:
    """Cut positions 0 to total - 1 into pieces of ``size``."""
    return [Piece(first, min(size, total - first)) for first in range(0, total, size)]
