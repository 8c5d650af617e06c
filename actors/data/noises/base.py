"""The interface of a random-noise category's images."""

from abc import ABC, abstractmethod

import numpy as np

from outvoted.search.arrays import Pixels
from outvoted.search.settings import Settings

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


class Noise(ABC, Settings):
    """Images that show nothing: negative samples for a classifier (Fan & Yezzi, section 5.2)."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A short name for tables and files; different settings have different labels."""

    @abstractmethod
    def check(self, shape: Shape) -> None:
        """Make sure that images of ``shape`` can be drawn.

        Raises:
            OutvotedError: they cannot.
        """

    @abstractmethod
    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw images, shape (number, channels, height, width), uint8.

        From the same state of ``rng``, fewer images are the first of more.

        Raises:
            OutvotedError: images of this shape cannot be drawn.
        """
