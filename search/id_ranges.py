"""Sets of ids kept as ranges: searches are recorded nearly in order, so millions of ids are few ranges."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from outvoted.search.arrays import Bools, Ints


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class IdRanges:
    """A set of ids, from 0 on.

    Attributes:
        first: shape (ranges,), the first id of each range, ascending.
        end: shape (ranges,), one more than the last id of each; less than the next range's first.
    """

    first: Ints = field(default_factory=_none)
    end: Ints = field(default_factory=_none)

    @staticmethod
    def of(ids: Ints) -> "IdRanges":
        """Return the set of some ids, in any order and any of them repeated."""
        if not len(ids):
            return IdRanges()
        unique = np.unique(ids)
        breaks = np.flatnonzero(np.diff(unique) != 1)
        return IdRanges(unique[np.append(0, breaks + 1)], unique[np.append(breaks, len(unique) - 1)] + 1)

    def __len__(self) -> int:
        return int((self.end - self.first).sum())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdRanges):
            return NotImplemented
        return np.array_equal(self.first, other.first) and np.array_equal(self.end, other.end)

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    def ids(self) -> Ints:
        """Return all ids, ascending."""
        return np.concatenate([_none(), *self.chunks(max(1, len(self)))])

    def holds(self, ids: Ints) -> Bools:
        """Return which of some ids are in the set."""
        place = np.searchsorted(self.first, ids, side="right")
        return np.asarray(ids < np.append(0, self.end)[place])

    def union(self, other: "IdRanges") -> "IdRanges":
        """Return the ids that are in either set."""
        return _joined(np.append(self.first, other.first), np.append(self.end, other.end))

    def missing(self, count: int) -> "IdRanges":
        """Return which of the ids 0 to ``count`` - 1 are not in the set."""
        first = np.minimum(np.append(0, self.end), count)
        end = np.minimum(np.append(self.first, count), count)
        return IdRanges(first[first < end], end[first < end])

    def divided(self, size: int) -> "IdRanges":
        """Return which groups have an id in the set, where ids are numbered in groups of ``size``."""
        return _joined(self.first // size, (self.end - 1) // size + 1)

    def chunks(self, size: int) -> Iterator[Ints]:
        """Yield all ids, ascending, ``size`` at a time; the last may be fewer."""
        parts, waiting = list[Ints](), 0
        for first, end in zip(self.first.tolist(), self.end.tolist(), strict=True):
            while first < end:
                part = np.arange(first, min(end, first + size - waiting), dtype=np.int64)
                parts.append(part)
                first, waiting = first + len(part), waiting + len(part)
                if waiting == size:
                    yield np.concatenate(parts)
                    parts, waiting = [], 0
        if parts:
            yield np.concatenate(parts)


def _joined(first: Ints, end: Ints) -> IdRanges:
    """Return the union of ranges in any order, which may overlap or touch."""
    if not len(first):
        return IdRanges()
    order = np.argsort(first, kind="stable")
    first, reach = first[order], np.maximum.accumulate(end[order])
    fresh = np.append(True, first[1:] > reach[:-1])
    return IdRanges(first[fresh], reach[np.append(np.flatnonzero(fresh)[1:] - 1, len(reach) - 1)])
