"""How a peer computes: the size of its batches, and the width of its numbers."""

from dataclasses import dataclass
from typing import Literal

import torch

BATCH = 128
"""Rows of every batch that reaches a network. One fixed shape, the last batch padded: a row's answer then
cannot depend on how many others happen to travel with it."""
Precision = Literal["double", "single"]


@dataclass(frozen=True)
class Arithmetic:
    """One for all peers of a run and its referee."""

    batch: int = BATCH
    precision: Precision = "double"

    @property
    def dtype(self) -> torch.dtype:
        """The type of the numbers that networks compute with."""
        return {"double": torch.float64, "single": torch.float32}[self.precision]


USUAL = Arithmetic()
