"""Numbers packed for scripts: base64 of little-endian arrays, many times smaller than JSON."""

import base64
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Kind = Literal["u1", "u2", "i2", "u4", "f4"]
NOTHING = 65535
"""Stands for "not a number" among per mille."""


def packed(values: ArrayLike, kind: Kind) -> dict[str, str]:
    """Pack an array, flattened: {kind: base64}; scripts read it by ``outvoted.unpack``.

    Raises:
        ValueError: a whole number does not fit.
    """
    flat = np.asarray(values).ravel()
    narrow = flat.astype(np.dtype(kind).newbyteorder("<"))
    if kind != "f4" and not (narrow == flat).all():
        raise ValueError(f"numbers that do not fit {kind}")
    return {kind: base64.b64encode(narrow.tobytes()).decode()}


def per_mille(probabilities: ArrayLike) -> dict[str, str]:
    """Pack probabilities, 0 to 1, rounded to three decimals; NaN becomes NOTHING."""
    values = np.asarray(probabilities, np.float64)
    known = np.nan_to_num(values, nan=0.0)
    return packed(np.where(np.isnan(values), NOTHING, np.rint(1000 * known)).astype(np.int64), "u2")
