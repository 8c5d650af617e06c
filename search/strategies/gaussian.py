"""What a score is likely to be where no one has been asked yet: a Gaussian process over the knobs.

Rasmussen & Williams, "Gaussian Processes for Machine Learning" (2006), chapter 2. All searches share one set
of places, so covariances are worked out once. Written as sums over observations, one after another, so that
every row is computed alike whatever its company.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from outvoted.search.arrays import Floats, Ints, RowArrays, Singles

_WIDER = 1.4
"""Places are spread over a larger cube and clipped: mistakes are frequent on the faces of the budget."""
_LENGTH = 1.1
"""Half ranges of a knob over which scores go together, in three dimensions."""
_NOISE = np.float32(6e-4)
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
        return np.maximum(self.covariance.diagonal(), _NOISE)


@lru_cache(maxsize=16)
def places(home: tuple[float, ...], active: tuple[bool, ...], count: int) -> Places:
    """Spread ``count`` places evenly over the active knobs, Sobol's points; the others stay at home."""
    which = np.flatnonzero(active)
    power = int(np.ceil(np.log2(count))) + 1  # more than are wanted: of those in one corner, one is taken
    spread = scipy.stats.qmc.Sobol(len(which), scramble=False).random_base2(power)[1:]
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


@dataclass(frozen=True)
class Process(RowArrays):
    """s processes, each with up to m observations.

    Attributes:
        place: shape (s, m), which place each observation is of.
        lower: shape (s, m, m), the Cholesky factor of their covariance, without its diagonal.
        inverse: shape (s, m), one over its diagonal; 0 where there is no observation.
        surprise: shape (s, m), how much each differed from what was likely, over its standard deviation in a
            process of unit variance.
        count: shape (s,), how many observations there are.
    """

    place: Ints
    lower: Singles
    inverse: Singles
    surprise: Singles
    count: Ints

    @classmethod
    def unobserved(cls, shape: tuple[int, ...], most: int) -> "Process":
        """Return processes of which nothing is known."""
        lower, place = np.zeros((*shape, most, most), np.float32), np.zeros((*shape, most), np.int64)
        inverse, surprise = np.zeros((2, *place.shape), np.float32)
        return cls(place, lower, inverse, surprise, np.zeros(shape, np.int64))

    def column(self, covariance: Singles, earlier: Sequence[Singles], number: int) -> Singles:
        """Finish the column of the Cholesky factor that belongs to an observation.

        Args:
            covariance: shape (s, c), of that observation and any places; it is overwritten.
            earlier: columns of the observations before it at these places, (s, c) each.
            number: which observation it is.
        """
        product = np.empty_like(covariance)
        for before, other in enumerate(earlier):
            np.multiply(other, self.lower[:, number, before, None], out=product)
            np.subtract(covariance, product, out=covariance)
        np.multiply(covariance, self.inverse[:, number, None], out=covariance)
        return covariance

    def columns(self, room: Places, at: Ints) -> list[Singles]:
        """Return the columns of all observations at places (s, c)."""
        columns: list[Singles] = []
        for number in range(int(self.count.max(initial=0))):
            columns.append(self.column(room.covariance[self.place[:, number, None], at], columns, number))
        return columns

    def likely(self, room: Places, at: Ints) -> tuple[Singles, Singles]:
        """Return means, and variances as shares of the process's own, at places (s, c); (s, c) each."""
        mean, variance = np.zeros(at.shape, np.float32), room.variance[at]
        for number, column in enumerate(self.columns(room, at)):
            mean += column * self.surprise[:, number, None]
            variance -= column * column
        return mean, np.maximum(variance, _NOISE)

    def plus(self, room: Places, at: Ints, value: Singles) -> "Process":
        """Return the processes with one more observation each, at places (s,); ``value`` is (s,).

        Where there is no room for it, it replaces the last.
        """
        last = np.minimum(self.count, self.place.shape[1] - 1)
        columns = [column[:, 0] for column in self.columns(room, at[:, None])]
        usable = [np.where(number < last, column, np.float32(0)) for number, column in enumerate(columns)]
        return self.extended(room, at, value, usable)

    def extended(self, room: Places, at: Ints, value: Singles, columns: Sequence[Singles]) -> "Process":
        """Do the same, given what the columns of the observations before are at these places, (s,) each."""
        rows, last = np.arange(len(at)), np.minimum(self.count, self.place.shape[1] - 1)
        new = Process(*(array.copy() for array in vars(self).values()))
        mean, variance = np.zeros(len(at), np.float32), room.covariance.diagonal()[at]
        for number, column in enumerate(columns):
            mean += column * self.surprise[:, number]
            variance = variance - column * column
            new.lower[rows, last, number] = column
        inverse = 1 / np.sqrt(np.maximum(variance, 0) + _NOISE)
        new.place[rows, last], new.inverse[rows, last] = at, inverse
        new.surprise[rows, last] = (value - mean) * inverse
        return Process(new.place, new.lower, new.inverse, new.surprise, last + 1)
