"""Parametric image changes: one interface, one file each."""

from typing import TYPE_CHECKING

from outvoted.search.settings import choice
from outvoted.search.transforms.additive import (
    Additive,
    Axis,
    ChannelGain,
    GainRange,
    Photometric,
    PhotometricRange,
)
from outvoted.search.transforms.base import Shape, Transform
from outvoted.search.transforms.chain import SIMPLE, Chain
from outvoted.search.transforms.corruptions import (
    Blur,
    BlurRange,
    GaussianNoise,
    NoiseRange,
    Occlusion,
    OcclusionRange,
)
from outvoted.search.transforms.geometric import Affine, AffineRange, Crop, CropRange, Geometric
from outvoted.search.transforms.pixel_swap import PixelSwap, SwapBudget, SwapMove
from outvoted.search.transforms.resampling import Border, resample

if TYPE_CHECKING:
    AnyTransform = Transform
else:
    AnyTransform = choice(Transform, *SIMPLE, Chain)
    """Any transform, told apart by its ``kind``; a user's own by its import path."""

__all__ = [
    "Additive",
    "Affine",
    "AffineRange",
    "AnyTransform",
    "Axis",
    "Blur",
    "BlurRange",
    "Border",
    "Chain",
    "ChannelGain",
    "Crop",
    "CropRange",
    "GainRange",
    "GaussianNoise",
    "Geometric",
    "NoiseRange",
    "Occlusion",
    "OcclusionRange",
    "Photometric",
    "PhotometricRange",
    "PixelSwap",
    "Shape",
    "SwapBudget",
    "SwapMove",
    "Transform",
    "resample",
]
