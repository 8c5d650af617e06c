"""Random noise, and one more class of it among the training images (Fan & Yezzi, section 5.2)."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import scipy
from pydantic import AfterValidator, Field, model_validator

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings, plain

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""
_PIECE = 2**22  # pixels drawn at a time, in memory as float64


class Noise(ABC, Settings):
    """Images that show nothing: negative samples for a classifier (Fan & Yezzi, section 5.2)."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A short name for tables and files; different settings have different labels."""

    def check(self, shape: Shape) -> None:  # most noise fits every image
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


class Scaled(Noise):
    """Noise whose pixels and channels are independent, unless a filter correlates neighbouring pixels.

    A filter's size is the noise's *scale* (Fan & Yezzi, section 5.2 and Fig. 12). It is applied to the drawn
    uint8 image, to each channel by itself; at its edges the image is mirrored.
    """

    filter: Literal["none", "median", "mean"] = "none"
    """What correlates neighbouring pixels."""
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
            return np.asarray(scipy.ndimage.median_filter(images, window, mode="reflect"), np.uint8)
        means = scipy.ndimage.uniform_filter(images, window, output=np.float64, mode="reflect")
        return np.asarray(np.rint(means), np.uint8)


class Gaussian(Scaled):
    """Normally distributed grey levels, rounded, and clipped to 0-255 (Fan & Yezzi, Figs. 9-12)."""

    kind: Literal["gaussian"] = "gaussian"
    mean: Annotated[float, Field(ge=0, le=255)] = 127.5
    """Grey level."""
    deviation: Annotated[float, Field(gt=0)] = 70
    """Standard deviation in grey levels, before clipping."""

    @property
    def distribution(self) -> str:
        """Say mean and deviation."""
        return f"gaussian-{plain(self.mean)}-{plain(self.deviation)}"

    def pixels(self, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
        """Draw, round and clip."""
        levels = rng.normal(self.mean, self.deviation, shape)
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


class Uniform(Scaled):
    """Grey levels from ``low`` to ``high``, both among them, all equally likely (Fan & Yezzi, Table 3)."""

    kind: Literal["uniform"] = "uniform"
    low: Annotated[int, Field(ge=0, le=255)] = 0
    """The lowest grey level."""
    high: Annotated[int, Field(ge=0, le=255)] = 255
    """The highest grey level."""

    @model_validator(mode="after")
    def _ascending(self) -> "Uniform":
        if self.low >= self.high:
            raise ValueError(f"low must be less than high, not {self.low} and {self.high}")
        return self

    @property
    def distribution(self) -> str:
        """Say the lowest and the highest grey level."""
        return f"uniform-{self.low}-{self.high}"

    def pixels(self, shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
        """Draw whole grey levels."""
        return rng.integers(self.low, self.high, shape, endpoint=True).astype(np.uint8)


class Solid(Noise):
    """Every image one colour, each channel uniform in 0-255.

    A thin sheet that spreads across the whole input space; with it accuracy dropped in the paper (Fan &
    Yezzi, end of section 5.2).
    """

    kind: Literal["solid"] = "solid"

    @property
    def label(self) -> str:
        """There is one kind."""
        return "solid"

    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw a colour for each image."""
        colours = rng.integers(0, 256, (number, shape[0], 1, 1)).astype(np.uint8)
        return np.broadcast_to(colours, (number, *shape)).copy()


def _some(parts: tuple[Gaussian, ...]) -> tuple[Gaussian, ...]:
    """Refuse a mixture of nothing; afterwards, so that a wrong part is not also told to be missing."""
    if not parts:
        raise ValueError("a mixture needs at least one part")
    return parts


class Mixture(Noise):
    """Images of each part in turn, so that all parts have equally many, or one more than others.

    Separated clusters in the input space; with them accuracy dropped in the paper (Fan & Yezzi, end of
    section 5.2).
    """

    kind: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Gaussian, ...], AfterValidator(_some)]
    """At least one kind of Gaussian noise."""

    @property
    def label(self) -> str:
        """Say how many parts there are, and a hash of them: mixture-3-5d41402a."""
        parts = " ".join(part.label for part in self.parts)
        return f"mixture-{len(self.parts)}-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"

    def check(self, shape: Shape) -> None:
        """Fit what all parts fit."""
        for part in self.parts:
            part.check(shape)

    def draw(self, number: int, shape: Shape, rng: np.random.Generator) -> Pixels:
        """Draw every part's images from a stream of its own, so that their number changes no other's."""
        self.check(shape)
        found = np.empty((number, *shape), np.uint8)
        for first, (part, own) in enumerate(zip(self.parts, rng.spawn(len(self.parts)), strict=True)):
            places = found[first :: len(self.parts)]
            places[:] = part.draw(len(places), shape, own)
        return found


AnyNoise = Annotated[Gaussian | Uniform | Solid | Mixture, Field(discriminator="kind")]
"""Any noise."""


class NoiseClass(Settings):
    """Which noise, and how much of it."""

    noise: AnyNoise = Gaussian()
    """Of which its images are."""
    number: Annotated[float, Field(gt=0, le=1000)] = 1
    """Images, in multiples of the mean number of training images of a class: the paper's 1× is 5,000, one
    class of CIFAR-10."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """The noise follows from it alone: all networks of a setting are trained on the same."""

    def images(self, data: Dataset) -> int:
        """Return how many images are added to all the training images of ``data``.

        Raises:
            OutvotedError: there would be none.
        """
        share = len(data.train) / data.classes
        images = round(self.number * share)
        if images < 1:
            raise OutvotedError(
                expected="a number of noise images that comes to at least one",
                found=f"{self.number:g} × {share:g} training images of a class",
                remedy=f"set the noise's number to {1 / share:.2g} or more",
            )
        return images


def with_noise(data: Dataset, settings: NoiseClass, images: int | None = None) -> Dataset:
    """Return ``data`` with one more class, whose training images are noise; the test split stays as it is.

    Args:
        data: with classes 0 to k - 1; the noise becomes class k, after all other training images.
        settings: the noise.
        images: how many; ``settings.images(data)`` where it is left out. A selection of training images gets
            as many as all of them would (Fan & Yezzi, Table 3), so there its caller says the number.

    Raises:
        OutvotedError: there would be no image, or noise of this kind does not fit images of this size.
    """
    number = settings.images(data) if images is None else images
    noise = settings.noise.draw(number, data.shape, np.random.default_rng(settings.seed))
    labels = np.full(number, data.classes, np.int64)
    train = Split(np.concatenate([data.train.images, noise]), np.concatenate([data.train.labels, labels]))
    names = None if data.class_names is None else (*data.class_names, "noise")
    return replace(data, train=train, declared=data.classes + 1, class_names=names)
