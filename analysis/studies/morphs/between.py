"""How two or three images are mixed into frames."""

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
    """What is mixed: numbered articles of each class."""

    @property
    @abstractmethod
    def classes(self) -> Ints:
        """The classes that have articles, ascending."""

    @abstractmethod
    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw articles of a class that can be mixed with others, none twice.

        Raises:
            OutvotedError: there are no more.
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
        """Whether articles are made by a generator, and classified by a referee."""

    @abstractmethod
    def articles(self, made_from: Ingredients) -> Articles:
        """Return the articles that are mixed."""


class BetweenImages(Between):
    """Mixes test images as they are."""

    @property
    @final
    def generated(self) -> bool:
        """No, they are images of the data."""
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
        """Return whether an image, shape (channels, height, width), can be mixed with others."""


class GivenImages(Articles):
    """Test images of a data set."""

    def __init__(self, between: BetweenImages, test: Split) -> None:
        """Mix test images by ``between``."""
        self._between, self._test = between, test

    @property
    def classes(self) -> Ints:
        """The classes that have test images."""
        return np.unique(self._test.labels)

    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw test images, skipping those that cannot be mixed."""
        found = 0
        for row in random.permutation(np.flatnonzero(self._test.labels == label)).tolist():
            if self._between.bears(self._test.read(np.array([row]))[0]):
                found += 1
                yield row
        raise OutvotedError(
            expected=f"another test image of class {label} that can be mixed with others",
            found=f"no more than {found}",
            remedy="lower study.sets, or choose another study.between.grid or kind",
        )

    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Mix the test images at these places."""
        return self._between.frames(self._test.read(np.array(numbers)), weights)


def in_fixed_order(images: Pixels, weights: Floats) -> tuple[Pixels, Floats]:
    """Sort images by their pixels, and weights with them.

    Sums taken in the same order round in the same way, so the order of the arguments makes no difference.
    """
    order = sorted(range(len(images)), key=lambda k: images[k].tobytes())
    return images[order], weights[:, order]


class Blend(BetweenImages):
    """Every pixel is the weighted mean of the images' pixels, to the nearest grey level."""

    kind: Literal["blend"] = "blend"

    def frames(self, images: Pixels, weights: Floats) -> Pixels:
        """Mix images; any can be mixed."""
        images, weights = in_fixed_order(images, weights)
        mixed = np.einsum("nk,kchw->nchw", weights, images.astype(np.float64))
        return np.asarray(np.rint(mixed).clip(0, 255), np.uint8)

    def bears(self, image: Pixels) -> bool:
        """Every image can be blended."""
        return True


class Latent(Between):
    """Articles are generated images that a referee is confident of; their random vectors are mixed.

    As for the images of a boundary study (Vlaar, eq. 1), the weighted mean of the vectors is not rescaled.
    """

    kind: Literal["latent"] = "latent"
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of the random vectors; a boundary study with this seed has the same ones."""
    candidates: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """How many vectors there are to draw from, the first ones."""
    surest: Annotated[int, Field(ge=1)] = 20
    """How many of them are drawn from for each class: those that the referee is most confident of."""

    @property
    def generated(self) -> bool:
        """Yes."""
        return True

    def articles(self, made_from: Ingredients) -> "GeneratedImages":
        """Have the referee classify all candidates."""
        generate, referee = made_from.generated
        latents = Latents(seed=self.seed, candidates=self.candidates)
        return GeneratedImages(latents, self.surest, generate, referee(latents.images(generate)))


class GeneratedImages(Articles):
    """Generated images, by the numbers of their random vectors."""

    def __init__(self, latents: Latents, surest: int, generate: Generate, votes: Singles) -> None:
        """Take the referee's ``votes`` for all candidates, shape (candidates, classes)."""
        self._latents, self._surest = latents, surest
        self._generate, self._votes = generate, votes

    @property
    def classes(self) -> Ints:
        """All classes."""
        return np.arange(self._votes.shape[1])

    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw from the images that the referee assigns to ``label`` with the highest confidence."""
        surest = typical(self._votes, label)[: self._surest]
        yield from random.permutation(surest).tolist()
        raise OutvotedError(
            expected=f"another generated image that the referee calls class {label}",
            found=f"no more than {len(surest)}, among those of {len(self._votes)} random vectors",
            remedy="raise study.between.candidates and study.between.surest, or lower study.sets",
        )

    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Generate images of the weighted means of these vectors."""
        order = np.argsort(numbers)  # the order of the arguments makes no difference
        vectors = self._latents.vectors(np.array(numbers, np.int64)[order])
        return self._generate(np.einsum("nk,kd->nd", weights[:, order], vectors))
