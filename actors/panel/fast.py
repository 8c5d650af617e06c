"""A network as fast as it gets: in float32, in batches and a layout that suit the machine."""

import time
from math import isfinite, log2, prod
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.networks.user_modules import is_machines, ready_copy
from outvoted.actors.panel.frozen import frozen

Batch = Literal["auto"] | Annotated[int, Field(ge=1, le=65536)]
"""Rows that reach a network at once; "auto" chooses by what a row costs."""

_SECONDS = 0.003
"""What a batch costs on a CPU. Longer ones gain nothing, and their tensors fall out of the caches: measured
for perceptrons, and for CNNs of 15,000 to 106,000 parameters, which take 11 to 50 µs a row in batches of 64
to 256 and two to four times as long in batches of 1,024."""
_CHEAP = 0.001
"""Seconds for a row below which a network is frozen: dearer ones, whose products take the time, gain a
tenth at most (ResNet-18, EfficientNet-lite and SqueezeNet at 224 x 224)."""
_TRIES = 3
_FIRST = 16
"""Rows that tell about what a row costs."""
_ODD, _NEAR = 5, 1e-4
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
        self._spoils, self._convolves, shown = False, False, sample.clone()
        self.logits(shown)
        self._spoils = not torch.equal(shown, sample)  # a network may change its inputs in place
        on_cpu = sample.device.type == "cpu"
        if on_cpu and len(sample) > _FIRST:
            sample = sample[:: _every(len(sample), self._cost(sample[:_FIRST]))].contiguous()
        cost = self._cost(sample)
        self._convolves = on_cpu and any(one.dim() == 4 for one in self._network.parameters())
        if self._convolves:
            cost = self._frozen(sample, self._laid_out(sample, cost))
        if batch == "auto":
            self.batch = _chosen(sample, cost)

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes) for inputs in [0, 1], n >= 1; NaN for a batch that fails."""
        parts = [self._answer(part) for part in torch.split(inputs, self.batch)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _answer(self, part: torch.Tensor) -> torch.Tensor:
        n = len(part)
        whole = min(_round(max(n, _FEWEST)), self.batch) if self._convolves else n
        wanted = max(whole, 2)  # a forward that squeezes its tensors would lose the row of a batch of one
        if n < wanted:
            return self._answer(torch.cat([part, part[-1:].expand(wanted - n, -1, -1, -1)]))[:n]
        part = part.to(memory_format=self._form)  # contiguous() would do nothing to images of one channel
        return self._network.at_once(part.clone() if self._spoils else part)

    def _laid_out(self, sample: torch.Tensor, cost: float) -> float:
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

    def _frozen(self, sample: torch.Tensor, cost: float) -> float:
        """Freeze a cheap network if that is faster and changes no more than last bits; some can't be."""
        if cost > _CHEAP:
            return cost
        known, form, network = self.logits(sample), self._form, self._network.network
        try:
            self._network.network = frozen(network, sample)
            self._form = torch.contiguous_format
            other_way = sample.flip(0), known.flip(0)  # what was traced as a constant shows
            alike = all(self._alike(*(part[:rows] for part in other_way)) for rows in (len(sample), _ODD))
            other = self._cost(sample) if alike else torch.inf
        except Exception as error:  # it has branches, or the machine lacks oneDNN
            if is_machines(error):
                raise
            other = torch.inf
        if other < cost:
            return other
        self._network.network, self._form = network, form
        return cost

    def _alike(self, sample: torch.Tensor, known: torch.Tensor) -> bool:
        found = self.logits(sample)
        return bool(
            torch.isclose(found, known, _NEAR, _NEAR * float(known.abs().max()), equal_nan=True).all()
        )

    def _cost(self, sample: torch.Tensor) -> float:
        """Return seconds for a row; infinite where the network has no answer."""
        if not bool(torch.isfinite(self.logits(sample)).any()):
            return torch.inf
        alone = torch.get_num_threads() == 1
        clock = time.thread_time if alone else time.perf_counter
        times = []
        for _ in range(_TRIES):
            began = clock()
            self.logits(sample)
            times.append(clock() - began)
            if times[0] > _CHEAP * len(sample):
                break
        return min(times) / len(sample)


def _every(n: int, cost: float) -> int:
    """Return of how many of n rows one is tried: so few that they take about as long as a batch should."""
    return max(1, min(n // _FIRST, int(n * cost / _SECONDS))) if isfinite(cost) else 1


def _round(n: int) -> int:
    """Return the next number of at most three binary digits, followed by zeros.

    oneDNN prepares every convolution for each length of a batch that it meets, which takes as long as 50 to
    100 rows of a small network, and remembers a thousand of these.
    """
    step = 1 << max(0, n.bit_length() - 3)
    return -(-n // step) * step


def _chosen(sample: torch.Tensor, cost: float) -> int:
    """Choose a power of two."""
    if sample.device.type != "cpu":
        return max(_FEWEST, min(_MOST_ON_A_GPU, _NUMBERS_ON_A_GPU // prod(sample.shape[1:])))
    rows = _SECONDS / max(cost, 1e-9)
    return max(_FEWEST, min(_MOST, 1 << round(log2(max(rows, 1)))))
