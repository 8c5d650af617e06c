"""The pixels of seeds as a renderer takes them: all of them in memory, or those of the shards under way."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch

from outvoted.actors.data.split import Form, Split
from outvoted.actors.networks.computing import tensor_of
from outvoted.search.arrays import Ints, Pixels

MOST_KEPT = 256 << 20
"""Bytes of seeds that are kept beside those of the shards under way, once they have been read."""


@dataclass(frozen=True)
class SeedBlock:
    """Seeds that are needed for a while.

    Attributes:
        seed_id: shape (n,), ascending, each once.
        images: shape (n, channels, height, width), uint8.
    """

    seed_id: Ints
    images: Pixels

    @staticmethod
    def of(seeds: Split, seed_id: Ints) -> "SeedBlock":
        """Read the seeds of some searches.

        Raises:
            OutvotedError: one cannot be read.
        """
        each = np.unique(seed_id)
        return SeedBlock(each, seeds.read(each))


class SeedPixels(ABC):
    """Pixels of any seeds, on the CPU and on the device that renders."""

    def __init__(self, form: Form) -> None:
        self.form = form

    @abstractmethod
    def of(self, seed_id: Ints) -> torch.Tensor:
        """Return the pixels of seeds (n,), on the CPU; uint8, shape (n, channels, height, width)."""

    @abstractmethod
    def there(self, seed_id: Ints) -> torch.Tensor:
        """Return the same on the device."""

    @abstractmethod
    def hold(self, name: str, block: SeedBlock) -> None:
        """Have a block of seeds at hand until it is dropped."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Let go of a block, if there is one of this name."""

    @abstractmethod
    def keep(self, names: Collection[str]) -> frozenset[str]:
        """Drop all blocks but those of these names; return the names of those that are missing."""


def seed_pixels(seeds: Split, device: torch.device) -> SeedPixels:
    """Return what gives the pixels of seeds, wherever they are."""
    return _Held(seeds, device) if seeds.held else _InFlight(seeds, device)


class _Held(SeedPixels):
    """All seeds are in memory."""

    def __init__(self, seeds: Split, device: torch.device) -> None:
        super().__init__(seeds.shape)
        self._images = tensor_of(seeds.images)
        self._there = self._images.to(device)

    def of(self, seed_id: Ints) -> torch.Tensor:
        """Take rows."""
        return self._images.index_select(0, tensor_of(seed_id))

    def there(self, seed_id: Ints) -> torch.Tensor:
        """Take rows on the device."""
        return self._there.index_select(0, tensor_of(seed_id).to(self._there.device))

    def hold(self, name: str, block: SeedBlock) -> None:
        """Do nothing: they are at hand."""

    def drop(self, name: str) -> None:
        """Do nothing: they stay."""

    def keep(self, names: Collection[str]) -> frozenset[str]:
        """Miss none."""
        return frozenset()


@dataclass(frozen=True)
class _HeldBlock:
    """A block of seeds as tensors, the second of them on the device."""

    seed_id: Ints
    images: torch.Tensor
    there: torch.Tensor


@dataclass(frozen=True)
class _Index:
    """Where seeds are: ascending ids, and the block and the row in it that each is at."""

    blocks: list[_HeldBlock]
    seed_id: Ints
    block: Ints
    row: Ints

    @staticmethod
    def of(blocks: list[_HeldBlock]) -> "_Index":
        sizes = [len(block.seed_id) for block in blocks]
        every = np.concatenate([np.empty(0, np.int64), *(block.seed_id for block in blocks)])
        each, first = np.unique(every, return_index=True)
        row = np.concatenate([np.empty(0, np.int64), *(np.arange(size) for size in sizes)])
        return _Index(blocks, each, np.repeat(np.arange(len(blocks)), sizes)[first], row[first])

    def place(self, seed_id: Ints) -> Ints:
        """Return where in the index seeds (n,) are, -1 for those that are not."""
        if not len(self.seed_id):
            return np.full(len(seed_id), -1)
        place = np.searchsorted(self.seed_id, seed_id).clip(max=len(self.seed_id) - 1)
        return np.where(self.seed_id[place] == seed_id, place, -1)


def _taken(block: _HeldBlock, rows: Ints, there: bool) -> torch.Tensor:
    images = block.there if there else block.images
    return images.index_select(0, tensor_of(rows).to(images.device))


class _InFlight(SeedPixels):
    """Blocks that someone holds; a seed in none of them is read when it is asked for, and kept for a while.

    So who holds blocks decides what reading costs, and never what is returned.
    """

    def __init__(self, seeds: Split, device: torch.device) -> None:
        super().__init__(seeds.shape)
        self._seeds, self._device = seeds, device
        self._blocks: dict[str, _HeldBlock] = {}
        self._kept: list[_HeldBlock] = []
        self._index: _Index | None = None

    def of(self, seed_id: Ints) -> torch.Tensor:
        """Gather rows from all blocks."""
        return self._gathered(seed_id, there=False)

    def there(self, seed_id: Ints) -> torch.Tensor:
        """Gather rows on the device."""
        return self._gathered(seed_id, there=True)

    def hold(self, name: str, block: SeedBlock) -> None:
        """Take a block as it is, without copying it on the CPU."""
        images = tensor_of(block.images)
        self._blocks[name] = _HeldBlock(block.seed_id, images, images.to(self._device))
        self._index = None

    def drop(self, name: str) -> None:
        """Let go of a block."""
        self._blocks.pop(name, None)
        self._index = None

    def keep(self, names: Collection[str]) -> frozenset[str]:
        """Drop all blocks but those of these names."""
        for name in [name for name in self._blocks if name not in names]:
            self.drop(name)
        return frozenset(names) - frozenset(self._blocks)

    def _gathered(self, seed_id: Ints, there: bool) -> torch.Tensor:
        index = self._index or self._indexed()
        place = index.place(seed_id)
        if (place < 0).any():
            missing = np.unique(seed_id[place < 0])
            index = _Index.of([self._read(missing), *index.blocks])  # one more time, what is forgotten
            place = index.place(seed_id)
        block, row = index.block[place], index.row[place]
        parts = np.unique(block)
        if len(parts) == 1:
            return _taken(index.blocks[parts[0]], row, there)
        found = torch.empty(
            (len(seed_id), *self.form), dtype=torch.uint8, device=self._device if there else None
        )
        for part in parts:
            here = np.flatnonzero(block == part)
            found[tensor_of(here).to(found.device)] = _taken(index.blocks[part], row[here], there)
        return found

    def _indexed(self) -> "_Index":
        self._index = _Index.of([*self._blocks.values(), *reversed(self._kept)])
        return self._index

    def _read(self, seed_id: Ints) -> _HeldBlock:
        """Read seeds, and forget those that were read longest ago if all take too much memory."""
        block = SeedBlock.of(self._seeds, seed_id)
        images = tensor_of(block.images)
        found = _HeldBlock(block.seed_id, images, images.to(self._device))
        self._kept.append(found)
        self._index = None
        while len(self._kept) > 1 and sum(each.images.nbytes for each in self._kept) > MOST_KEPT:
            del self._kept[0]
        return found
