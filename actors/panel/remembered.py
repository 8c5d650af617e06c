"""What was rendered lately, so that voters see what the target has seen without its being rendered again."""

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray

from outvoted.actors.panel.renderer import Renderer
from outvoted.search.arrays import Bools, Ints
from outvoted.search.messages import Candidates

_KEPT = 2**24
"""Numbers that are kept: 64 MiB, or what 21,000 digits take."""
_MARKS = 16
"""Marks for each candidate that is kept, so that few share one: the older of two is rendered again."""
_GOLDEN = 0x9E3779B97F4A7C15

Numbers = NDArray[np.uint32]
"""The bits of all that a candidate is rendered from, shape (n, 1 + transform.size)."""


class Remembered:
    """Renders candidates, and keeps the latest in a ring. A candidate is known by all it is rendered from.

    Where it may be is looked up under its mark, some bits that its numbers are mixed to; whether it is there,
    the numbers tell. Places are counted on from the first candidate there ever was; the ring's are their
    remainders.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._size = max(1, _KEPT // prod(renderer.seeds.form))
        width = 1 + renderer.transform.size
        self._factors = np.cumsum(np.full(width, _GOLDEN, np.uint64)) | np.uint64(1)
        bits = (_MARKS * self._size - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._place = np.full(1 << bits, -1, np.int64)
        self._numbers = np.empty((self._size, width), np.uint32)
        self._kept: torch.Tensor | None = None
        self._next = 0

    def inputs(self, candidates: Candidates) -> torch.Tensor:
        """Return candidates as networks see them. Nobody may change what comes back; the next call may."""
        numbers = _numbers(candidates)
        marks = ((numbers * self._factors).sum(axis=1) * np.uint64(_GOLDEN)) >> self._shift
        place, known = self._looked_up(numbers, marks)
        if not known.any():
            return self._rendered(candidates, numbers, marks)
        if known.all():
            return self._at(place)
        old, fresh = np.flatnonzero(known), np.flatnonzero(~known)
        some = self._at(place[old])
        found = some.new_empty((len(candidates), *some.shape[1:]))
        found[_index(old, found)] = some
        found[_index(fresh, found)] = self._rendered(candidates.rows(fresh), numbers[fresh], marks[fresh])
        return found

    def _looked_up(self, numbers: Numbers, marks: NDArray[np.uint64]) -> tuple[Ints, Bools]:
        """Return where candidates are kept, and whether they are."""
        place = self._place[marks]
        known = (place >= 0) & (place >= self._next - self._size)
        rows = np.flatnonzero(known)
        known[rows] = (self._numbers[place[rows] % self._size] == numbers[rows]).all(axis=1)
        return place, known

    def _at(self, place: Ints) -> torch.Tensor:
        assert self._kept is not None
        return self._kept.index_select(0, _index(place % self._size, self._kept))

    def _rendered(self, candidates: Candidates, numbers: Numbers, marks: NDArray[np.uint64]) -> torch.Tensor:
        """Render candidates where they are kept, side by side; if they have no room there, elsewhere."""
        n = len(candidates)
        if n > self._size:
            return self._renderer.inputs(candidates)
        if self._kept is None:
            self._kept = self._renderer.room(self._size)
        first = self._next % self._size
        if first + n > self._size:
            self._next, first = self._next + self._size - first, 0
        found = self._renderer.inputs(candidates, self._kept[first : first + n])
        self._numbers[first : first + n] = numbers
        self._place[marks] = np.arange(self._next, self._next + n)
        self._next += n
        return found


def _numbers(candidates: Candidates) -> Numbers:
    seed_id, composed = candidates.seed_id.view(np.uint32), np.ascontiguousarray(candidates.composed)
    return np.concatenate([seed_id[:, None], composed.view(np.uint32)], axis=1)


def _index(rows: Ints, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(rows).to(like.device)
