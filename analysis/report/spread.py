"""Mean and standard deviation over repeats or seeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over repeats; None where there is nothing to take them of."""

    mean: float | None
    std: float | None

    def percent(self, sign: str = "") -> str:
        """Write both in percent, say ``41.2 ± 0.8``; ``sign`` is ``+`` for differences."""
        if self.mean is None:
            return "–"
        beside = "" if self.std is None else f" ± {100 * self.std:.1f}"
        return f"{100 * self.mean:{sign}.1f}{beside}"


def spread(values: ArrayLike) -> Spread:
    """Take mean and sample standard deviation of a row of values; NaN are passed over."""
    there = np.asarray(values, np.float64)
    there = there[~np.isnan(there)]
    return Spread(
        float(there.mean()) if len(there) else None, float(there.std(ddof=1)) if len(there) > 1 else None
    )
