"""Are networks split where people are? Entropy of votes against entropy of labels."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from outvoted.analysis.report.numbers import Interval
from outvoted.search.arrays import AnyArray, Floats, Ints

_RESAMPLED = 2000


@dataclass(frozen=True)
class Entropies:
    """Entropies of a family's answers, image by image, beside those of people.

    Attributes:
        family, target: of the networks, which differ in their seed alone.
        networks: how many.
        votes: the entropy of their answers in bits, shape (images,).
        rho: Spearman's correlation with the entropy of people's labels, and the ends of its 95 % interval;
            None where either is the same for all images.
    """

    family: str
    target: float
    networks: int
    votes: Floats
    rho: Interval


def spearman(one: Floats, other: Floats, grid: Ints, seed: int = 0) -> Interval:
    """Return Spearman's rho and its 95 % interval by bootstrap (percentiles).

    Images of one pair are neighbours on a line, so whole pairs are drawn with replacement, not images.

    Args:
        one, other: shape (images,).
        grid: the image at each step of each pair, shape (pairs, steps).
        seed: of what is drawn.
    """
    whole = _rho(one[grid.reshape(1, -1)], other[grid.reshape(1, -1)])[0]
    if np.isnan(whole):
        return None, None, None
    drawn = np.random.default_rng(seed).integers(len(grid), size=(_RESAMPLED, len(grid)))
    taken = grid[drawn].reshape(_RESAMPLED, -1)
    low, high = np.nanpercentile(_rho(one[taken], other[taken]), [2.5, 97.5])
    return float(whole), float(low), float(high)


def _rho(one: AnyArray, other: AnyArray) -> Floats:
    """Correlate ranks row by row; NaN where all are equal."""
    ranks = [rankdata(values, axis=1) for values in (one, other)]
    x, y = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    below = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    whole = np.full(len(x), np.nan)
    return np.asarray(np.divide((x * y).sum(1), below, out=whole, where=below > 0))
