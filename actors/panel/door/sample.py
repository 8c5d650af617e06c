"""The images on which networks show what they do before anything starts."""

from dataclasses import dataclass

import numpy as np
import torch

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape
from outvoted.search.arrays import Ints, Pixels

_MOST = 6


@dataclass(frozen=True)
class Sample:
    """A few images.

    Attributes:
        images: shape (n, channels, height, width), n >= 2, the last two a ramp from black to white and back.
        labels: shape (n,), 0 to classes - 1, -1 where there is none.
        classes: how many a network has to answer.
    """

    images: Pixels
    labels: Ints
    classes: int

    @property
    def shape(self) -> Shape:
        """Channels, height and width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def inputs(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the images as networks see them, numbers in [0, 1]."""
        return torch.tensor(self.images).to(dtype) / 255


def sample(split: Split | None, shape: Shape, classes: int) -> Sample:
    """Take images evenly from a split, if there is one, and add two ramps."""
    ramp = np.linspace(0, 255, shape[0] * shape[1] * shape[2]).round().astype(np.uint8).reshape(1, *shape)
    images, labels = [ramp, ramp[..., ::-1, ::-1]], [np.full(2, -1, np.int64)]
    if split is not None and len(split):
        rows = np.unique(np.linspace(0, len(split) - 1, _MOST).astype(np.int64))
        images.insert(0, split.images[rows])
        labels.insert(0, split.labels[rows])
    return Sample(np.concatenate(images), np.concatenate(labels), classes)
