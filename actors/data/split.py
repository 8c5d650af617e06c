"""Labelled images: held in memory, or read by row from where they are stored."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

import numpy as np
import PIL

from outvoted.actors.data.ahead import in_order
from outvoted.actors.data.pictures import Look, odd_size, picture_pixels
from outvoted.actors.data.room import check_room
from outvoted.actors.data.rows import Content, Rows
from outvoted.actors.runs.object_stores import StoreRefusedError
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError

Form = tuple[int, int, int]
"""Channels, height and width of an image."""

Hashes = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
For = TypeVar("For")

_MOST_THREADS, _AHEAD = 16, 8
PAUSES = (1.0, 5.0, 15.0)
"""Seconds before a store that refused is asked again."""
_REMEDY = "keep the data as they were when the run began, under the same path on every machine; then --resume"


def hash_of(image: Pixels) -> int:
    """Return 64 bits by which images of equal pixels are known."""
    return int.from_bytes(hashlib.sha256(image.data).digest()[:8], "little")


class ColouredError(Exception):
    """An image has colours where all before it were grey."""


@dataclass(frozen=True)
class StoredPixels:
    """Images that stay where they are stored; those that are asked for are read and decoded, each time.

    Neither pixels nor open files are held, so it can be sent to another process, which reads for itself.

    Attributes:
        rows: where they are.
        look: what they are brought to.
        form: of every image; grey ones become RGB where it has three channels.
        order: shape (n,), ascending, which of the rows are meant; None for all of them.
        hashes: shape (n,), by which other pixels than were seen before are known; None before any were.
    """

    rows: Rows
    look: Look
    form: Form
    order: Ints | None = None
    hashes: Hashes | None = None

    def __len__(self) -> int:
        return len(self.rows) if self.order is None else len(self.order)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of images, channels, height and width."""
        return (len(self), *self.form)

    @property
    def nbytes(self) -> int:
        """Bytes that all images would take in memory."""
        return prod(self.shape)

    def some(self, rows: Ints) -> "StoredPixels":
        """Return some of them, in ascending order, of which nothing is read yet."""
        hashes = None if self.hashes is None else self.hashes[rows]
        return replace(self, order=self._numbers(rows), hashes=hashes)

    def __getitem__(self, rows: Ints | slice) -> Pixels:
        """Read some images, shape (n, channels, height, width); each is decoded once.

        A store that refuses is asked again a few times.

        Raises:
            OutvotedError: one cannot be read, or is not what it was before.
        """
        for pause in PAUSES:
            try:
                return self._read(rows)
            except StoreRefusedError:
                time.sleep(pause)
        return self._read(rows)

    def _read(self, rows: Ints | slice) -> Pixels:
        wanted, first, place = np.unique(self._numbers(rows), return_index=True, return_inverse=True)
        hashes = None if self.hashes is None else self.hashes[rows][first].tolist()
        found = np.empty((len(wanted), *self.form), np.uint8)
        try:
            for k, content in enumerate(self.rows.contents(wanted)):
                found[k] = self._decoded(content, int(wanted[k]))
                if hashes is not None and hash_of(found[k]) != hashes[k]:
                    raise self._changed(int(wanted[k]))
        except StoreRefusedError:
            raise
        except OutvotedError as error:
            raise OutvotedError(error.expected, error.found, _REMEDY) from error
        except ColouredError as error:
            raise OutvotedError(
                f"the images of {self.rows.where} as before", "one with colours", _REMEDY
            ) from error
        return found if len(place) == len(wanted) and (place[1:] > place[:-1]).all() else found[place]

    def each(self, work: Callable[[Pixels], For]) -> Iterator[For]:
        """Decode all images in order, several at a time, and yield what ``work`` makes of each.

        Args:
            work: takes an image (channels, height, width); runs in a thread, where the image is decoded.

        Raises:
            OutvotedError: one cannot be read, or is of another size.
            ColouredError: one has colours although the form has one channel.
        """
        numbers = self._numbers(slice(None))
        threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))

        def done(read: tuple[int, Content]) -> For:
            return work(self._decoded(read[1], read[0]))

        found = zip(numbers.tolist(), self.rows.contents(numbers), strict=True)
        return in_order(done, found, threads, _AHEAD * threads)

    def _changed(self, number: int) -> OutvotedError:
        return OutvotedError(
            expected=f"{self.rows.name(number)} with the pixels that it had before",
            found=f"others: it was changed, or Pillow {PIL.__version__} decodes it unlike the one before",
            remedy=_REMEDY,
        )

    def _numbers(self, rows: Ints | slice) -> Ints:
        if self.order is not None:
            return self.order[rows]
        if isinstance(rows, slice):
            return np.arange(*rows.indices(len(self.rows)))
        return np.arange(len(self.rows))[rows] if rows.dtype == bool or (rows < 0).any() else rows

    def _decoded(self, content: Content, number: int) -> Pixels:
        image = picture_pixels(content, number, self.rows.name, self.look)
        if image.shape[1:] != self.form[1:]:
            raise odd_size((self.rows.name(0), self.form[1:]), (self.rows.name(number), image.shape[1:]))
        if len(image) > self.form[0]:
            raise ColouredError
        return np.ascontiguousarray(np.broadcast_to(image, self.form))


@dataclass(frozen=True)
class Split:
    """Labelled images.

    Attributes:
        kept: the images, uint8 of shape (n, channels, height, width): in memory, or where they are stored.
        labels: shape (n,), int64, 0 to classes - 1.
    """

    kept: Pixels | StoredPixels
    labels: Ints

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def held(self) -> bool:
        """Whether all images are in memory."""
        return not isinstance(self.kept, StoredPixels)

    @property
    def shape(self) -> Form:
        """Channels, height and width of every image."""
        _, channels, height, width = self.kept.shape
        return channels, height, width

    @property
    def nbytes(self) -> int:
        """Bytes that all images take in memory, or would."""
        return self.kept.nbytes

    @property
    def images(self) -> Pixels:
        """All images, shape (n, channels, height, width), for what can't do with fewer.

        Raises:
            OutvotedError: they were not in memory, and don't fit.
        """
        if isinstance(self.kept, StoredPixels):
            check_room(self.nbytes, self.kept.rows.where)
            return self.kept[:]
        return self.kept

    def read(self, rows: Ints | slice) -> Pixels:
        """Return some images, shape (n, channels, height, width)."""
        return self.kept[rows]

    def some(self, rows: Ints | slice) -> "Split":
        """Return a part, ascending; of images that are stored none is read yet."""
        if isinstance(self.kept, StoredPixels):
            chosen = np.arange(len(self))[rows]
            return Split(self.kept.some(chosen), self.labels[chosen])
        return Split(self.kept[rows], self.labels[rows])

    def parts(self) -> Iterator[Pixels]:
        """Give all images in order, in parts of any size, each of shape (n, channels, height, width)."""
        if isinstance(self.kept, StoredPixels):
            yield from self.kept.each(lambda image: image[None])
        else:
            yield self.kept
