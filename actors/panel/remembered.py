"""What was rendered lately, so that voters see what the target has seen without its being rendered again."""

from collections import deque
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from outvoted.actors.panel.renderer import Renderer
from outvoted.search.arrays import Ints
from outvoted.search.messages import Candidates

_KEPT = 2**24
"""Numbers that are kept: 64 MiB, or what 21,000 digits take."""


@dataclass(frozen=True)
class _Block:
    """Inputs that were rendered at a time; places are counted over all blocks there ever were.

    Attributes:
        first: the place of the first of them.
        keys: what they were rendered from.
    """

    first: int
    keys: list[bytes]
    inputs: torch.Tensor


class Remembered:
    """Renders candidates, and keeps the latest. A candidate is known by all that it is rendered from."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._blocks: deque[_Block] = deque()
        self._place: dict[bytes, int] = {}
        self._next = self._numbers = 0

    def inputs(self, candidates: Candidates) -> torch.Tensor:
        """Return candidates as networks see them; nobody may change what comes back."""
        keys = _keys(candidates)
        place = np.array([self._place.get(key, -1) for key in keys], np.int64)
        missing = np.flatnonzero(place < 0)
        if not len(missing):
            return self._known(place)
        fresh = self._renderer.inputs(candidates.rows(missing) if len(missing) < len(keys) else candidates)
        if len(missing) == len(keys):
            self._keep(keys, fresh)
            return fresh
        found, old = fresh.new_empty((len(keys), *fresh.shape[1:])), np.flatnonzero(place >= 0)
        found[_at(missing, fresh)], found[_at(old, fresh)] = fresh, self._known(place[old])
        self._keep([keys[row] for row in missing], fresh)
        return found

    def _known(self, place: Ints) -> torch.Tensor:
        """Return what is kept at places (n,), n >= 1."""
        if place.min() >= self._blocks[-1].first:
            return _rows(self._blocks[-1], place)
        firsts = np.array([block.first for block in self._blocks])
        of = np.searchsorted(firsts, place, side="right") - 1
        used = np.unique(of)
        like = self._blocks[0].inputs
        found = like.new_empty((len(place), *like.shape[1:]))
        for number in used:
            rows = np.flatnonzero(of == number)
            found[_at(rows, found)] = _rows(self._blocks[number], place[rows])
        return found

    def _keep(self, keys: list[bytes], inputs: torch.Tensor) -> None:
        self._blocks.append(_Block(self._next, keys, inputs))
        self._place.update(zip(keys, range(self._next, self._next + len(keys)), strict=True))
        self._next += len(keys)
        self._numbers += prod(inputs.shape)
        while self._numbers > _KEPT:
            self._forget(self._blocks.popleft())

    def _forget(self, block: _Block) -> None:
        self._numbers -= prod(block.inputs.shape)
        for place, key in enumerate(block.keys, block.first):
            if self._place[key] == place:  # it may stand twice in a block
                del self._place[key]


def _keys(candidates: Candidates) -> list[bytes]:
    """Return for each candidate the bytes of its seed's number and of its composed transform."""
    parts = (candidates.seed_id[:, None], candidates.composed)
    rows = np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in parts], axis=1)
    keys: list[bytes] = rows.view(f"V{rows.shape[1]}")[:, 0].tolist()
    return keys


def _rows(block: _Block, place: Ints) -> torch.Tensor:
    return block.inputs.index_select(0, _at(place - block.first, block.inputs))


def _at(rows: Ints, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(rows).to(like.device)
