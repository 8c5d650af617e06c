"""The interface of what lies between images: frames that mix two or three of them."""

from abc import ABC, abstractmethod

from outvoted.search.arrays import Floats, Pixels
from outvoted.search.settings import Settings


class Between(ABC, Settings):
    """How frames are made; frozen settings. A frame of weight 1 for one image is that image."""

    @abstractmethod
    def frames(self, images: Pixels, weights: Floats) -> Pixels:
        """Mix images.

        Args:
            images: shape (k, channels, height, width), uint8, k of 2 or more.
            weights: shape (n, k), each row >= 0 with sum 1.

        Returns:
            Shape (n, channels, height, width), uint8.

        Raises:
            OutvotedError: these images cannot be mixed.
        """

    @abstractmethod
    def bears(self, image: Pixels) -> bool:
        """Tell whether an image, shape (channels, height, width), can be mixed with others."""
