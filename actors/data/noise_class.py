"""One more class: random noise among the training images (Fan & Yezzi, section 5.2)."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.noises import AnyNoise, Gaussian
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings


class NoiseClass(Settings):
    """Which noise, and how much of it."""

    noise: AnyNoise = Gaussian()
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
