"""Parametric image changes: one interface, one file each."""

from typing import TYPE_CHECKING

from outvoted.search.settings import choice
from outvoted.search.transforms.additive import Additive, Axis, Photometric, PhotometricRange
from outvoted.search.transforms.base import Shape, Transform
from outvoted.search.transforms.chain import SIMPLE, Chain
from outvoted.search.transforms.colour import ChannelGain, GainRange, HueRange, HueSaturation
from outvoted.search.transforms.corruptions import (
    Blur,
    BlurRange,
    GaussianNoise,
    NoiseRange,
    Occlusion,
    OcclusionRange,
)
from outvoted.search.transforms.geometric import Affine, AffineRange, Crop, CropRange, Geometric
from outvoted.search.transforms.jpeg import Jpeg, JpegRange
from outvoted.search.transforms.motion_blur import MotionBlur, MotionRange
from outvoted.search.transforms.pixel_swap import PixelSwap, SwapBudget, SwapMove
from outvoted.search.transforms.resampling import Border, resample
from outvoted.search.transforms.warps import GridDistortion, GridRange, Perspective, PerspectiveRange
from outvoted.search.transforms.weather import Fade, FadeRange, Fog, FogRange

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
    "Fade",
    "FadeRange",
    "Fog",
    "FogRange",
    "GainRange",
    "GaussianNoise",
    "Geometric",
    "GridDistortion",
    "GridRange",
    "HueRange",
    "HueSaturation",
    "Jpeg",
    "JpegRange",
    "MotionBlur",
    "MotionRange",
    "NoiseRange",
    "Occlusion",
    "OcclusionRange",
    "Perspective",
    "PerspectiveRange",
    "Photometric",
    "PhotometricRange",
    "PixelSwap",
    "Shape",
    "SwapBudget",
    "SwapMove",
    "Transform",
    "resample",
]
