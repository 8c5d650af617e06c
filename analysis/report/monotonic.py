"""Whether one figure falls as another rises, over few settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test, rankdata

from outvoted.analysis.report.claims import Verdict
from outvoted.search.arrays import Floats

_SHUFFLES = 9999
_LEVEL = 0.05


@dataclass(frozen=True)
class Monotonic:
    """Spearman's rank correlation, and what it would be by chance.

    Attributes:
        settings: how many pairs it is of.
        coefficient: -1 to 1; None where a figure is the same in all settings, or there are fewer than 3.
        p: two-sided, by permutation: how often shuffled settings correlate as much.
        chance: the middle 95 % of the coefficients of shuffled settings.
        falls: whether the second figure falls as the first rises: it holds, or does not hold here (it rises),
            where ``p`` is below 0.05, else it is undecided.
    """

    settings: int
    coefficient: float | None
    p: float | None
    chance: tuple[float, float] | None
    falls: Verdict


def monotonic(first: Sequence[float], second: Sequence[float]) -> Monotonic:
    """Correlate two figures by their ranks; all permutations are tried where those are few, else 9,999."""
    ranks = np.stack([rankdata(first), rankdata(second)]) - (len(first) + 1) / 2
    norm = float(np.prod(np.linalg.norm(ranks, axis=1)))
    if len(first) < 3 or norm == 0:
        return Monotonic(len(first), None, None, None, "undecided")

    def coefficient(shuffled: Floats, axis: int = -1) -> Floats:
        """Correlate shuffled ranks of the first figure, along ``axis``, with those of the second."""
        return np.asarray(np.moveaxis(shuffled, axis, -1) @ ranks[1] / norm)

    tested = permutation_test(
        (ranks[0],),
        coefficient,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=_SHUFFLES,
        rng=np.random.default_rng(0),
    )
    found, p = float(tested.statistic), float(tested.pvalue)
    low, high = np.quantile(tested.null_distribution, [_LEVEL / 2, 1 - _LEVEL / 2])
    sure: Verdict = "holds" if found < 0 else "does not hold here"
    return Monotonic(len(first), found, p, (float(low), float(high)), sure if p < _LEVEL else "undecided")
