"""The interface of what lies between images: frames that mix two or three of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import final

import numpy as np

from outvoted.actors.data.datasets import Split
from outvoted.analysis.studies.base import Ingredients
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings


class Articles(ABC):
    """What frames are mixed from: numbered articles of each class."""

    @property
    @abstractmethod
    def classes(self) -> Ints:
        """The classes of which there are articles, ascending."""

    @abstractmethod
    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw articles of a class that can be mixed with others, none twice.

        Raises:
            OutvotedError: another one is asked for than there are.
        """

    @abstractmethod
    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Mix articles.

        Args:
            numbers: of k articles, 2 or more.
            weights: shape (n, k), each row >= 0 with sum 1.

        Returns:
            Shape (n, channels, height, width), uint8. A frame of weight 1 for one article is that article.

        Raises:
            OutvotedError: these articles cannot be mixed.
        """


class Between(ABC, Settings):
    """How frames are made; frozen settings."""

    @property
    @abstractmethod
    def generated(self) -> bool:
        """Whether articles are made by a generator, and told apart by a referee."""

    @abstractmethod
    def articles(self, made_from: Ingredients) -> Articles:
        """Return the articles that are mixed."""


class BetweenImages(Between):
    """Mixes test images as they are."""

    @property
    @final
    def generated(self) -> bool:
        """No: they are there."""
        return False

    @final
    def articles(self, made_from: Ingredients) -> Articles:
        """Return the test images, numbered as in the data."""
        return GivenImages(self, made_from.data.test)

    @abstractmethod
    def frames(self, images: Pixels, weights: Floats) -> Pixels:
        """Mix images, shape (k, channels, height, width), uint8: see :meth:`Articles.frames`."""

    @abstractmethod
    def bears(self, image: Pixels) -> bool:
        """Tell whether an image, shape (channels, height, width), can be mixed with others."""


class GivenImages(Articles):
    """Test images of a data set."""

    def __init__(self, between: BetweenImages, test: Split) -> None:
        """Mix test images by ``between``."""
        self._between, self._test = between, test

    @property
    def classes(self) -> Ints:
        """The classes of which there are test images."""
        return np.unique(self._test.labels)

    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw test images; those that cannot be mixed are passed over."""
        found = 0
        for row in random.permutation(np.flatnonzero(self._test.labels == label)).tolist():
            if self._between.bears(self._test.images[row]):
                found += 1
                yield row
        raise OutvotedError(
            expected=f"another test image of class {label} that can be mixed with others",
            found=f"no more than {found}",
            remedy="lower study.sets, or choose another study.between.grid or kind",
        )

    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Mix test images by their places."""
        return self._between.frames(self._test.images[list(numbers)], weights)


def in_fixed_order(images: Pixels, weights: Floats) -> tuple[Pixels, Floats]:
    """Order images by their pixels, and weights with them.

    Sums in one order round in one way: then the order in which images are named changes nothing.
    """
    order = sorted(range(len(images)), key=lambda k: images[k].tobytes())
    return images[order], weights[:, order]
