"""Parametric image changes: one interface, one file each."""

from typing import TYPE_CHECKING

from outvoted.search.choices import choice
from outvoted.search.transforms.affine import Affine, AffineRange
from outvoted.search.transforms.base import Shape, Transform
from outvoted.search.transforms.geometric import Geometric
from outvoted.search.transforms.resample import resample

if TYPE_CHECKING:
    AnyTransform = Transform
else:
    AnyTransform = choice(Transform, "kind", Affine)
    """Any transform, told apart by its ``kind``; a user's own by its import path."""

__all__ = ["Affine", "AffineRange", "AnyTransform", "Geometric", "Shape", "Transform", "resample"]
