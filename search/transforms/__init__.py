"""Parametric image changes: one interface, one file each."""

from outvoted.search.transforms.affine import Affine, AffineRange
from outvoted.search.transforms.base import Transform
from outvoted.search.transforms.resample import resample

__all__ = ["Affine", "AffineRange", "Transform", "resample"]
