"""Labelled images: held in memory, or read by row from where they are stored."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

import numpy as np

from outvoted.actors.data.pictures import Look, odd_size, picture_pixels
from outvoted.actors.data.room import check_room
from outvoted.actors.data.rows import Content, Rows
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError

Form = tuple[int, int, int]
"""Channels, height and width of an image."""

For = TypeVar("For")

_MOST_THREADS, _AHEAD = 16, 8
_REMEDY = "keep the data as they were when the run began, under the same path on every machine; then --resume"


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
    """

    rows: Rows
    look: Look
    form: Form
    order: Ints | None = None

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
        return replace(self, order=self._numbers(rows))

    def __getitem__(self, rows: Ints | slice) -> Pixels:
        """Read some images, shape (n, channels, height, width); each is decoded once.

        Raises:
            OutvotedError: one cannot be read, or is not what it was before.
        """
        wanted, place = np.unique(self._numbers(rows), return_inverse=True)
        found = np.empty((len(wanted), *self.form), np.uint8)
        try:
            for k, content in enumerate(self.rows.contents(wanted)):
                found[k] = self._decoded(content, int(wanted[k]))
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
        waiting: deque[Future[For]] = deque()

        def done(content: Content, number: int) -> For:
            return work(self._decoded(content, number))

        with ThreadPoolExecutor(threads) as pool:
            try:
                for number, content in zip(numbers.tolist(), self.rows.contents(numbers), strict=True):
                    waiting.append(pool.submit(done, content, number))
                    if len(waiting) > _AHEAD * threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

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
