"""Putting a sample to a network, in batches as a peer would."""

from dataclasses import dataclass

import torch

from outvoted.actors.networks.arithmetic import Arithmetic
from outvoted.actors.networks.tolerant import Tolerant
from outvoted.actors.panel.door.sample import Sample
from outvoted.search.arrays import Ints

_MOST = 8


@dataclass(frozen=True)
class Asked:
    """A network in the precision it is to compute in, and the sample it is asked about.

    Attributes:
        size: images in a batch; as many as there will be later, but no more than a few.
    """

    network: Tolerant
    inputs: torch.Tensor
    size: int

    @staticmethod
    def of(network: torch.nn.Module, sample: Sample, arithmetic: Arithmetic, device: torch.device) -> "Asked":
        """Set up a network, which is changed by that: hand over a copy."""
        ready = Tolerant(network, sample.classes).to(device, arithmetic.dtype).eval()
        inputs = sample.inputs(arithmetic.dtype).to(device)
        return Asked(ready, inputs, min(arithmetic.batch, _MOST))

    def about(self, rows: Ints) -> tuple[torch.Tensor, tuple[str, ...]]:
        """Return logits (n, classes) in double precision for rows of the sample, and why any have none."""
        logits, failures = [], []
        for part in torch.split(torch.from_numpy(rows), self.size):
            full = torch.cat([part, part[-1:].expand(self.size - len(part))])
            found, said = self.network.answer(self.inputs[full.to(self.inputs.device)])
            logits.append(found.detach().to("cpu", torch.float64)[: len(part)])
            failures += list(said[: len(part)] or ("",) * len(part))
        return torch.cat(logits), tuple(failures)
