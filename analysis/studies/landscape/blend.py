"""Plain blending."""

from typing import Literal

import numpy as np

from outvoted.analysis.studies.landscape.between import BetweenImages, in_fixed_order
from outvoted.search.arrays import Floats, Pixels


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
