"""What lies between images: frames that mix two or three of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, final

import numpy as np
from pydantic import Field

from outvoted.actors.data.datasets import Split
from outvoted.analysis.studies.base import Generate, Ingredients
from outvoted.analysis.studies.latents import Latents, typical
from outvoted.search.arrays import Floats, Ints, Pixels, Singles
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


class Blend(BetweenImages):
    """Every pixel is the weighted mean of the images' pixels, to the nearest grey level."""

    kind: Literal["blend"] = "blend"

    def frames(self, images: Pixels, weights: Floats) -> Pixels:
        """Mix images; any two can be."""
        images, weights = in_fixed_order(images, weights)
        mixed = np.einsum("nk,kchw->nchw", weights, images.astype(np.float64))
        return np.asarray(np.rint(mixed).clip(0, 255), np.uint8)

    def bears(self, image: Pixels) -> bool:
        """Every image can be blended."""
        return True


class Latent(Between):
    """Articles are generated images that a referee is surest of; frames are made between their vectors.

    The weighted mean of random vectors is taken as it is, as on the boundary's images (Vlaar, eq. 1).
    """

    kind: Literal["latent"] = "latent"
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of the random vectors, which are those of a boundary study with this seed."""
    candidates: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """The referee looks at the images of the first so many vectors."""
    surest: Annotated[int, Field(ge=1)] = 20
    """Articles are drawn from so many images of each class, those that the referee is surest of."""

    @property
    def generated(self) -> bool:
        """Yes."""
        return True

    def articles(self, made_from: Ingredients) -> "GeneratedImages":
        """Have the referee look at all candidates."""
        generate, referee = made_from.generate, made_from.referee
        assert generate is not None  # the runner brings both
        assert referee is not None
        latents = Latents(seed=self.seed, candidates=self.candidates)
        return GeneratedImages(latents, self.surest, generate, referee(latents.images(generate)))


class GeneratedImages(Articles):
    """Generated images, numbered as their random vectors."""

    def __init__(self, latents: Latents, surest: int, generate: Generate, votes: Singles) -> None:
        """Take the referee's ``votes`` for all candidates, shape (candidates, classes)."""
        self._latents, self._surest = latents, surest
        self._generate, self._votes = generate, votes

    @property
    def classes(self) -> Ints:
        """All classes."""
        return np.arange(self._votes.shape[1])

    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw images that the referee calls ``label``, from the surest."""
        surest = typical(self._votes, label)[: self._surest]
        yield from random.permutation(surest).tolist()
        raise OutvotedError(
            expected=f"another generated image that the referee calls class {label}",
            found=f"no more than {len(surest)}, among those of {len(self._votes)} random vectors",
            remedy="raise study.between.candidates and study.between.surest, or lower study.sets",
        )

    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Generate what lies between the vectors of these numbers."""
        order = np.argsort(numbers)  # of sums in one order, the order of naming changes nothing
        vectors = self._latents.vectors(np.array(numbers, np.int64)[order])
        return self._generate(np.einsum("nk,kd->nd", weights[:, order], vectors))
