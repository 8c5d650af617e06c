"""A fine grid over the unit square: every point an image (Baluja et al., Fig. 4)."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.actors.data.checkerboard import Checkerboard
from outvoted.actors.data.sources.base import Item, Piece, Source, cut
from outvoted.search.arrays import Pixels


class GridSource(Source):
    """``points`` × ``points`` places, row by row, evenly spread over the board."""

    kind: Literal["grid"] = "grid"
    points: Annotated[int, Field(ge=2, le=256)] = 256
    board: Checkerboard | None = None
    """The board whose classes are the points' true labels; the panel's where it is left out."""

    def pieces(self, batch: int) -> list[Piece]:
        """Cut the grid anywhere."""
        return cut(self.points**2, batch)

    def items(self, piece: Piece) -> Iterator[Item]:
        """Make the points of a piece."""
        points = self.images(np.arange(piece.first, piece.first + piece.count))
        labels = None if self.board is None else self.board.labels(points)
        for index, point in enumerate(points):
            yield Item(point, label=None if labels is None else int(labels[index]))

    def images(self, positions: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Pixels:
        """Return the points (x, y) at positions as images, shape (n, 1, 1, 2)."""
        row, column = np.divmod(positions, self.points)
        places = np.stack([column, row], axis=1) * 255 // (self.points - 1)
        return places.astype(np.uint8).reshape(-1, 1, 1, 2)
