"""The paper's toy problem: is a point on a light or a dark square? (Baluja et al., section 2, Fig. 4.)"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.rows import UNKNOWN, HeldRows, Rows, Source
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.settings import Settings

_TEST = 2000
_SIDE = 256  # a coordinate is one byte


class Checkerboard(Settings):
    """A board of ``squares`` × ``squares``; 2 is X-OR.

    A point (x, y) is an image with one channel, one row and two columns, so it takes the road that all
    images take.
    """

    name: Literal["checkerboard"] = "checkerboard"
    squares: Annotated[int, Field(ge=2, le=64)] = 2
    """Squares along each side of the board."""
    samples: Annotated[int, Field(ge=2, le=10**6, multiple_of=2)] = 200
    """Points to train on, half of them of each class."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Fixes the points."""

    def labels(self, points: Pixels) -> Ints:
        """Return the class, 0 or 1, of each point; points are images of shape (n, 1, 1, 2)."""
        column, row = (points[:, 0, 0].astype(np.int64) * self.squares // _SIDE).T
        return np.asarray((column + row) % 2)

    def dataset(self) -> Dataset:
        """Draw the training points, balanced, and 2,000 test points."""
        random = np.random.default_rng(self.seed)
        train = self._draw(random, self.samples)
        return Dataset(self.name, Path(), train, self._draw(random, _TEST))

    def _draw(self, random: np.random.Generator, n: int) -> Split:
        points = random.integers(0, _SIDE, (8 * n + 64, 1, 1, 2), dtype=np.uint8)
        labels = self.labels(points)
        rows = np.sort(np.concatenate([np.flatnonzero(labels == side)[: n // 2] for side in (0, 1)]))
        return Split(points[rows], labels[rows])


class GridSource(Source):
    """``points`` × ``points`` places, row by row, evenly spread over the board."""

    kind: Literal["grid"] = "grid"
    points: Annotated[int, Field(ge=2, le=256)] = 256
    """Points along each side of the grid."""
    board: Checkerboard | None = None
    """The board whose classes are the points' true labels; the panel's where it is left out."""

    def rows(self) -> Rows:
        """Make the points."""
        points = self.images(np.arange(self.points**2))
        labels = np.full(len(points), UNKNOWN) if self.board is None else self.board.labels(points)
        return HeldRows("the grid", points, labels)

    def images(self, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Pixels:
        """Return the points (x, y) at positions as images, shape (n, 1, 1, 2)."""
        row, column = np.divmod(positions, self.points)
        places = np.stack([column, row], axis=1) * 255 // (self.points - 1)
        return places.astype(np.uint8).reshape(-1, 1, 1, 2)
