"""Parametric image changes: one interface, one file each."""

from typing import TYPE_CHECKING

from outvoted.search.choices import choice
from outvoted.search.transforms.additive import Additive, Axis
from outvoted.search.transforms.affine import Affine, AffineRange
from outvoted.search.transforms.base import Shape, Transform
from outvoted.search.transforms.blur import Blur, BlurRange
from outvoted.search.transforms.chain import SIMPLE, Chain
from outvoted.search.transforms.channel_gain import ChannelGain, GainRange
from outvoted.search.transforms.crop import Crop, CropRange
from outvoted.search.transforms.geometric import Geometric
from outvoted.search.transforms.noise import Noise, NoiseRange
from outvoted.search.transforms.occlusion import Occlusion, OcclusionRange
from outvoted.search.transforms.photometric import Photometric, PhotometricRange
from outvoted.search.transforms.pixel_swap import PixelSwap, SwapBudget, SwapMove
from outvoted.search.transforms.resample import resample

if TYPE_CHECKING:
    AnyTransform = Transform
else:
    AnyTransform = choice(Transform, "kind", *SIMPLE, Chain)
    """Any transform, told apart by its ``kind``; a user's own by its import path."""

__all__ = [
    "Additive",
    "Affine",
    "AffineRange",
    "AnyTransform",
    "Axis",
    "Blur",
    "BlurRange",
    "Chain",
    "ChannelGain",
    "Crop",
    "CropRange",
    "GainRange",
    "Geometric",
    "Noise",
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
