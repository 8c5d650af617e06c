"""What a score is likely to be where no one has been asked yet: a Gaussian process over the knobs.

Rasmussen & Williams, "Gaussian Processes for Machine Learning" (2006), chapter 2. All searches share one set
of places, so covariances are computed once. Written as sums over observations, one after another, so that
every row is computed alike whatever its company.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from outvoted.search.arrays import Floats, Ints, RowArrays, Singles

_WIDER = 1.4
"""Places are spread over a larger cube and clipped: mistakes are frequent on the faces of the budget."""
_LENGTH = 1.1
"""Half ranges of a knob over which scores go together, in three dimensions."""
NOISE = np.float32(6e-4)
"""Share of the variance that is put down to what the process cannot follow."""


@dataclass(frozen=True)
class Places:
    """Where candidates can be put, and how scores vary over them.

    Attributes:
        knobs: shape (c, k).
        away: shape (c,), distance from where nothing changes, in half ranges of a knob.
        covariance: shape (c, c), of a process of unit variance that is known to be 0 where nothing changes.
    """

    knobs: Floats
    away: Singles
    covariance: Singles

    def __len__(self) -> int:
        return len(self.away)

    @property
    def variance(self) -> Singles:
        """The variance at each place before anything is observed; shape (c,)."""
        return np.maximum(self.covariance.diagonal(), NOISE)


@lru_cache(maxsize=16)
def places(home: tuple[float, ...], active: tuple[bool, ...], count: int) -> Places:
    """Spread ``count`` places evenly over the active knobs; the others stay at home."""
    which = np.flatnonzero(active)
    spread = _spread(2 * count, len(which))  # more than are wanted: of those in one corner, one is taken
    clipped = np.clip(0.5 + _WIDER * (spread - 0.5), 0.0, 1.0)
    own = np.sort(np.unique(clipped, axis=0, return_index=True)[1])[:count]
    knobs = np.tile(np.array(home), (count, 1))
    knobs[:, which] = clipped[own]
    steps = 2 * (knobs - home)[:, which]
    square, width = (steps**2).sum(axis=1), _LENGTH**2 * len(which) / 3
    apart = ((steps[:, None] - steps) ** 2).sum(axis=2)
    home_too = np.exp(-square / (2 * width))
    covariance = np.exp(-apart / (2 * width)) - home_too[:, None] * home_too
    coarse = np.rint(covariance * 2.0**20) / 2.0**20  # machines differ in the last bit of an exponential
    return Places(knobs, np.sqrt(square).astype(np.float32), coarse.astype(np.float32))


def _spread(count: int, dimensions: int) -> Floats:
    """Return evenly spread points of the unit cube: multiples of a vector of irrational numbers, modulo 1.

    The vector holds powers of the root of x^(d + 1) = x + 1 (Roberts, "The unreasonable effectiveness of
    quasirandom sequences", 2018).
    """
    root = 1.5
    for _ in range(60):
        root = root - (root ** (dimensions + 1) - root - 1) / ((dimensions + 1) * root**dimensions - 1)
    powers = root ** -np.arange(1.0, dimensions + 1)
    steps = np.round(powers, 12)  # machines differ in the last bit of a power
    return np.asarray((0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0)


@dataclass(frozen=True)
class Process(RowArrays):
    """s processes, each with up to m observations.

    Attributes:
        place: shape (s, m), which place each observation is of.
        factor: shape (s, m, m), the inverse of the Cholesky factor of their covariance; 0 where there is no
            observation. A row of it, times covariances with the observed places, tells how much is learnt
            elsewhere from that observation beyond those before it.
        surprise: shape (s, m), how much each differed from what was likely, over its standard deviation in a
            process of unit variance.
        count: shape (s,), how many observations there are.
    """

    place: Ints
    factor: Singles
    surprise: Singles
    count: Ints

    @classmethod
    def unobserved(cls, shape: tuple[int, ...], most: int) -> "Process":
        """Return processes of which nothing is known."""
        place = np.zeros((*shape, most), np.int64)
        factor, surprise = np.zeros((*shape, most, most), np.float32), np.zeros(place.shape, np.float32)
        return cls(place, factor, surprise, np.zeros(shape, np.int64))

    def plus(self, room: Places, at: Ints, value: Singles) -> "Process":
        """Return the processes with one more observation each, at places (s,); ``value`` is (s,).

        Where there is no room for it, it replaces the last.
        """
        rows, last = np.arange(len(at)), np.minimum(self.count, self.place.shape[1] - 1)
        earlier = np.arange(self.place.shape[1]) < last[:, None]
        near = np.where(earlier, room.covariance[self.place, at[:, None]], np.float32(0))
        learnt, most = np.zeros_like(near), int(last.max(initial=0))
        for number in range(most):
            learnt += self.factor[:, :, number] * near[:, number, None]
        learnt *= earlier
        mean, variance = np.zeros(len(at), np.float32), room.covariance.diagonal()[at]
        row = np.zeros_like(near)
        for number in range(most):
            one = learnt[:, number]
            mean += one * self.surprise[:, number]
            variance = variance - one * one
            row -= one[:, None] * self.factor[:, number]
        inverse = 1 / np.sqrt(np.maximum(variance, 0) + NOISE)
        row *= inverse[:, None]
        row[rows, last] = inverse
        new = Process(*(array.copy() for array in vars(self).values()))
        new.place[rows, last], new.factor[rows, last] = at, row
        new.surprise[rows, last] = (value - mean) * inverse
        return Process(new.place, new.factor, new.surprise, last + 1)

    def column(self, room: Places, number: int) -> Singles:
        """Return how scores at every place go with what was learnt from an observation, (s, c)."""
        near = [room.covariance[self.place[:, before]] for before in range(number + 1)]
        return _weighted(near, self.factor[:, number])

    def likely(self, room: Places) -> tuple[Singles, Singles]:
        """Return means, and variances as shares of the process's own, at every place; (s, c) each."""
        order = np.argsort(-self.count, kind="stable")
        ranked, near = self.rows(order), list[Singles]()
        mean = np.zeros((len(order), len(room)), np.float32)
        variance = np.tile(room.variance, (len(order), 1))
        for number in range(int(self.count.max(initial=0))):
            some = slice(0, int((self.count > number).sum()))  # those with so many observations come first
            near = [*(rows[some] for rows in near), room.covariance[ranked.place[some, number]]]
            column = _weighted(near, ranked.factor[some, number])
            mean[some] += column * ranked.surprise[some, number, None]
            column *= column
            variance[some] -= column
        np.maximum(variance, NOISE, out=variance)
        back = np.argsort(order)
        return mean[back], variance[back]


def _weighted(values: list[Singles], weights: Singles) -> Singles:
    """Add up values (s, c) each, one after another, with weights (s, m)."""
    total = values[0] * weights[:, 0, None]
    product = np.empty_like(total)
    for number, other in enumerate(values[1:], 1):
        np.multiply(other, weights[:, number, None], out=product)
        total += product
    return total
