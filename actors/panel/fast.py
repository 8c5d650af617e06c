"""A network as fast as it gets: in float32, in batches and a layout that suit the machine."""

import time
from math import log2, prod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.networks.user_modules import ready_copy

Batch = Literal["auto"] | Annotated[int, Field(ge=1, le=65536)]
"""Rows that reach a network at once; "auto" chooses by what a row costs."""

_SECONDS = 0.006
"""What a batch costs on a CPU. Longer ones gain nothing, and their tensors fall out of the caches: measured
for perceptrons, and for CNNs of 15,000 to 106,000 parameters, which take 25 to 50 µs a row in batches of 64
to 256 and twice as long in batches of 1,024."""
_FEWEST, _MOST = 4, 1024
_MOST_ON_A_GPU, _NUMBERS_ON_A_GPU = 8192, 2**25


class Fast:
    """A copy of a network in float32 whose answers may differ in their last bits from batch to batch."""

    def __init__(self, network: nn.Module, batch: Batch, sample: torch.Tensor) -> None:
        """Copy a network, and try on some inputs (n, channels, height, width) what is fastest.

        Raises:
            Exception: whatever copying and converting a user's network raises.
        """
        self._network = ready_copy(network, torch.float32, sample.device)
        self._form = torch.contiguous_format
        self.batch = len(sample) if batch == "auto" else batch
        self._spoils, shown = False, sample.clone()
        cost = self._cost(shown)
        self._spoils = not torch.equal(shown, sample)  # a network may change its inputs in place
        if sample.device.type == "cpu" and any(one.dim() == 4 for one in self._network.parameters()):
            cost = self._better(sample, cost)
        if batch == "auto":
            self.batch = _chosen(sample, cost)

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes) for inputs in [0, 1], n >= 1; NaN for a batch that fails."""
        parts = [self._answer(part) for part in torch.split(inputs, self.batch)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _answer(self, part: torch.Tensor) -> torch.Tensor:
        if len(part) == 1:  # a forward that squeezes its tensors would lose the row
            return self._answer(part.repeat(2, 1, 1, 1))[:1]
        part = part.to(memory_format=self._form)  # contiguous() would do nothing to images of one channel
        return self._network.at_once(part.clone() if self._spoils else part)

    def _better(self, sample: torch.Tensor, cost: float) -> float:
        """Keep images and convolutions with their channels last, if that is faster; some networks can't."""
        self._lay_out(torch.channels_last)
        other = self._cost(sample)
        if other < cost:
            return other
        self._lay_out(torch.contiguous_format)
        return cost

    def _lay_out(self, form: torch.memory_format) -> None:
        self._form = form
        self._network.to(memory_format=form)  # type: ignore[call-overload]

    def _cost(self, sample: torch.Tensor) -> float:
        """Return seconds for a row; infinite where the network has no answer."""
        if not bool(torch.isfinite(self.logits(sample)).any()):
            return torch.inf
        alone = torch.get_num_threads() == 1
        clock = time.thread_time if alone else time.perf_counter
        began = clock()
        self.logits(sample)
        return (clock() - began) / len(sample)


def _chosen(sample: torch.Tensor, cost: float) -> int:
    """Choose a power of two."""
    if sample.device.type != "cpu":
        return max(_FEWEST, min(_MOST_ON_A_GPU, _NUMBERS_ON_A_GPU // prod(sample.shape[1:])))
    rows = _SECONDS / max(cost, 1e-9)
    return max(_FEWEST, min(_MOST, 1 << round(log2(max(rows, 1)))))
