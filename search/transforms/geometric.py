"""Transforms that move pixels about: the seed is resampled once under one affine map."""

from abc import abstractmethod

import torch

from outvoted.search.transforms.base import Transform
from outvoted.search.transforms.resample import resample


class Geometric(Transform):
    """A transform that is an affine map of pixel positions.

    Several of them in a row are one map: a chain multiplies them and resamples once.
    """

    @property
    def differentiable(self) -> bool:
        """Bilinear resampling is."""
        return True

    @abstractmethod
    def inverse_map(self, composed: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Return the map that :func:`resample` takes, shape (n, 6), for images of a height and width."""

    def apply(self, images: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        """Resample each image once."""
        return resample(images, self.inverse_map(composed, images.shape[2], images.shape[3]))
