"""Morphing: feature points move from image to image, and the pixels between them are warped and blended."""

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import scipy
import skimage
from pydantic import Field
from threadpoolctl import threadpool_limits

from outvoted.analysis.studies.morphs.between import BetweenImages, in_fixed_order
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.errors import OutvotedError

_WEAKEST = 1e-3  # of the image's strongest response: weaker ones are no corners
_NOISE = 1e-12
_EDGES = 0.05  # Harris & Stephens' k: how far edges lower the response


def feature_points(image: Pixels, grid: int) -> tuple[Floats, int]:
    """Find one point in each cell of a grid: the strongest corner, or the middle of a cell without corners.

    Points in the same cell of two images correspond.

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
    """Return the four corners of the image, half a pixel beyond the centres of the outermost pixels."""
    top, left, bottom, right = -0.5, -0.5, height - 0.5, width - 0.5
    return np.array([(top, left), (top, right), (bottom, left), (bottom, right)])


def _harris(grey: Floats) -> Floats:
    """Return the corner response of each pixel; the border of the image causes none."""
    rows, mixed, columns = skimage.feature.structure_tensor(grey, sigma=1, mode="nearest")
    return np.asarray(rows * columns - mixed**2 - _EDGES * (rows + columns) ** 2)


def _cuts(length: int, parts: int) -> list[slice]:
    ends = np.linspace(0, length, parts + 1).round().astype(int).tolist()
    return [slice(first, last) for first, last in pairwise(ends)]


_FEWEST = 3


class Morph(BetweenImages):
    """Delaunay triangulation, piecewise affine warp and alpha blending (Powers et al., section II.A).

    Every image has one feature point in each cell of a grid. In a frame, the points lie at the weighted mean
    of their positions, and are triangulated together with the corners of the image. Each image is warped to
    these positions, triangle by triangle, and the warped images are blended.
    """

    kind: Literal["morph"] = "morph"
    grid: Annotated[int, Field(ge=2, le=64)] = 3
    """Cells along each side; the paper's ``featuregridsize``."""

    def frames(self, images: Pixels, weights: Floats) -> Pixels:
        """Morph at least two images, all different and with at least three corners each."""
        self._check(images)
        images, weights = in_fixed_order(images, weights)
        height, width = images.shape[2:]
        outer = frame_corners(height, width)
        places = np.stack([np.concatenate([outer, feature_points(one, self.grid)[0]]) for one in images])
        pixels = np.indices((height, width)).reshape(2, -1).T.astype(np.float64)
        with threadpool_limits(limits=1, user_api="blas"):  # or 2 x 2 matrices would wake all threads
            mixed = [self._frame(images, places, one, pixels) for one in weights]
        return np.stack(mixed).reshape(len(weights), *images.shape[1:])

    def bears(self, image: Pixels) -> bool:
        """Return whether an image has enough corners."""
        return min(image.shape[1:]) >= self.grid and feature_points(image, self.grid)[1] >= _FEWEST

    def _frame(self, images: Pixels, places: Floats, weights: Floats, pixels: Floats) -> Pixels:
        """Return one frame, shape (channels, height * width)."""
        mesh = scipy.spatial.Delaunay(np.einsum("k,kpd->pd", weights, places))
        corners, shares = _located(mesh, pixels)
        mixed = np.zeros((images.shape[1], len(pixels)))
        for image, place, weight in zip(images, places, weights, strict=True):
            if weight > 0:
                origin = np.einsum("np,npd->dn", shares, place[corners])
                mixed += weight * np.stack([_sampled(channel, origin) for channel in image])
        return np.rint(mixed).clip(0, 255).astype(np.uint8)

    def _check(self, images: Pixels) -> None:
        for k, image in enumerate(images):
            if not self.bears(image):
                raise OutvotedError(
                    expected=f"images with corners in at least {_FEWEST} of {self.grid} x {self.grid} cells",
                    found=f"image {k} (counted from 0), of {image.shape[1]} x {image.shape[2]} pixels, with "
                    f"{feature_points(image, self.grid)[1] if min(image.shape[1:]) >= self.grid else 0}",
                    remedy="take another image, another study.between.grid, or study.between.kind=blend",
                )
        for k in range(1, len(images)):
            if any(np.array_equal(images[k], other) for other in images[:k]):
                raise OutvotedError(
                    expected="images that differ, to morph one into another",
                    found=f"image {k} (counted from 0) equal to one before it",
                    remedy="take another image",
                )


def _located(mesh: "scipy.spatial.Delaunay", pixels: Floats) -> tuple[Ints, Floats]:
    """Return for each pixel, (n, 2), the corners of its triangle, (n, 3), and its barycentric coordinates."""
    triangle = mesh.find_simplex(pixels, tol=1e-9)
    affine = mesh.transform[triangle]
    first = np.einsum("nij,nj->ni", affine[:, :2], pixels - affine[:, 2])
    shares = np.concatenate([first, 1 - first.sum(1, keepdims=True)], axis=1)
    shares[~np.isfinite(shares).all(1)] = (1, 0, 0)  # a triangle without area is a single point
    return mesh.simplices[triangle], shares


def _sampled(channel: Pixels, places: Floats) -> Floats:
    """Sample a channel, (height, width), bilinearly at places (2, n); beyond the edge, edge pixels repeat."""
    values = channel.astype(np.float64)
    return np.asarray(scipy.ndimage.map_coordinates(values, places, order=1, mode="nearest"))
