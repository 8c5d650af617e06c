"""Points of an image that a morph moves to the corresponding points of another."""

from itertools import pairwise

import numpy as np
from skimage.feature import structure_tensor

from outvoted.search.arrays import Floats, Pixels

_WEAKEST = 1e-3  # of the image's strongest response: below it a cell has no corner
_NOISE = 1e-12
_EDGES = 0.05  # Harris & Stephens' k: how much a response is lowered along edges


def feature_points(image: Pixels, grid: int) -> tuple[Floats, int]:
    """Find one point in each cell of a grid: the strongest corner, or where there is none the cell's middle.

    Cells are what makes points of two images correspond.

    Args:
        image: shape (channels, height, width), uint8.
        grid: cells along each side.

    Returns:
        Points (row, column), shape (grid * grid, 2), by rows of cells; and how many of them are corners.
    """
    grey = image.mean(0) / 255
    response = _harris(grey)
    least = max(_WEAKEST * response.max(), _NOISE)
    points, found = [], 0
    for rows in _cuts(grey.shape[0], grid):
        for columns in _cuts(grey.shape[1], grid):
            cell = response[rows, columns]
            row, column = np.unravel_index(int(cell.argmax()), cell.shape)
            strong = cell[row, column] > least
            found += bool(strong)
            middle = ((rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2)
            points.append((rows.start + row, columns.start + column) if strong else middle)
    return np.array(points, np.float64), found


def frame_corners(height: int, width: int) -> Floats:
    """Return the four corners of the image's frame, half a pixel outside the outermost pixels' middles."""
    top, left, bottom, right = -0.5, -0.5, height - 0.5, width - 0.5
    return np.array([(top, left), (top, right), (bottom, left), (bottom, right)])


def _harris(grey: Floats) -> Floats:
    """Return how much of a corner each pixel is; the frame of the image itself is none."""
    rows, mixed, columns = structure_tensor(grey, sigma=1, mode="nearest")
    return np.asarray(rows * columns - mixed**2 - _EDGES * (rows + columns) ** 2)


def _cuts(length: int, parts: int) -> list[slice]:
    ends = np.linspace(0, length, parts + 1).round().astype(int).tolist()
    return [slice(first, last) for first, last in pairwise(ends)]
