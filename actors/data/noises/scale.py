"""Noise of independent pixels, and the filters that correlate them."""

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy import ndimage

from outvoted.actors.data.noises.base import Noise, Shape
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_PIECE = 2**22  # pixels drawn at a time: what is in memory as float64


class Scaled(Noise):
    """Noise whose pixels and channels are independent, unless a filter correlates neighbouring pixels.

    A filter's size is the noise's *scale* (Fan & Yezzi, section 5.2 and Fig. 12). It is applied to the drawn
    uint8 image, to each channel by itself; at its edges the image is mirrored.
    """

    filter: Literal["none", "median", "mean"] = "none"
    size: Annotated[int, Field(ge=3)] | None = None
    """Side of the filter's square window in pixels, odd; only with a filter."""

    @model_validator(mode="after")
    def _window(self) -> "Scaled":
        if (self.filter == "none") != (self.size is None):
            wanted = "no size" if self.filter == "none" else "a size: 3, 5, 7 ..."
            raise ValueError(f"with the filter '{self.filter}' there must be {wanted}")
        if self.size is not None and self.size % 2 == 0:
            raise ValueError("a filter's size must be odd, so that it has a centre: 3, 5, 7 ...")
        return self

    @property
    def label(self) -> str:
        """Say the distribution, and the filter if there is one: gaussian-127.5-70-median-3."""
        return self.distribution if self.size is None else f"{self.distribution}-{self.filter}-{self.size}"

    @property
    @abstractmethod
    def distribution(self) -> str:
        """The distribution of a pixel, as the label begins."""

    @abstractmethod
    def pixels(self, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
        """Draw independent pixels, uint8, one after the other."""

    def check(self, shape: Shape) -> None:
        """Fit images no smaller than the filter's window.

        Raises:
            OutvotedError: the window is larger.
        """
        _, height, width = shape
        if self.size is not None and self.size > min(height, width):
            raise OutvotedError(
                expected=f"images of at least {self.size} × {self.size} pixels for the noise '{self.label}'",
                found=f"images of {height} × {width} pixels",
                remedy=f"choose an odd filter size up to {min(height, width)}, or no filter",
            )

    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw and filter, a piece at a time."""
        self.check(shape)
        found = np.empty((number, *shape), np.uint8)
        step = max(1, _PIECE // int(np.prod(shape)))
        for first in range(0, number, step):
            piece = found[first : first + step]
            piece[:] = self._filtered(self.pixels(piece.shape, rng))
        return found

    def _filtered(self, images: Pixels) -> Pixels:
        if self.size is None:
            return images
        window = (1, 1, self.size, self.size)
        if self.filter == "median":
            return np.asarray(ndimage.median_filter(images, window, mode="reflect"), np.uint8)
        means = ndimage.uniform_filter(images, window, output=np.float64, mode="reflect")
        return np.asarray(np.rint(means), np.uint8)
