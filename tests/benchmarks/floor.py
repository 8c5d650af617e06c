"""The least time that candidates and inferences can take on this machine, and the share that is reached.

A floor is the longer of two times, layer by layer: operations of the products and convolutions at the rate of
a matrix product, and numbers that layers read and write, once each, at the rate of a copy that stays in a
core's cache. A candidate is rendered in the same sense: its seed's bytes are read, its numbers written, and a
bilinear mean of four pixels is 8 operations, the map of its position 8 more.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import nn

_SIDE, _NUMBERS, _ROUNDS = 768, 2**17, 15
_OPERATIONS = 16
"""Of rendering a pixel: one set for its position, which all channels share, is counted for each."""


@dataclass(frozen=True)
class Machine:
    """What one core does at best: operations and bytes per second."""

    operations: float
    bytes: float

    @staticmethod
    def measured() -> "Machine":
        """Measure products of large matrices, and copies of half a MiB, in float32 with one thread."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        one, other = torch.rand(2, _SIDE, _SIDE)
        source, goal = torch.rand(2, _NUMBERS)
        product = _best(lambda: torch.mm(one, other))
        copy = _best(lambda: goal.copy_(source))
        torch.set_num_threads(threads)
        return Machine(2 * _SIDE**3 / product, 8 * _NUMBERS / copy)

    def seconds(self, operations: float, moved: float) -> float:
        """Return the least time for so many operations and bytes."""
        return max(operations / self.operations, moved / self.bytes)


@dataclass(frozen=True)
class Floor:
    """The least seconds of rendering a candidate, and of an inference (mean over the networks)."""

    candidate: float
    inference: float
    operations: float
    """Of an inference."""
    moved: float
    """Bytes of an inference."""

    def share(self, seconds: float, candidates: int, inferences: int) -> float:
        """Return which share of a time is accounted for; 1 is a machine that does nothing else."""
        return (candidates * self.candidate + inferences * self.inference) / seconds


def floor(machine: Machine, networks: tuple[nn.Module, ...], shape: tuple[int, ...]) -> Floor:
    """Count what networks and rendering need for an image of ``shape`` (channels, height, width)."""
    layers = [layer for network in networks for layer in _layers(network, torch.zeros(1, *shape))]
    numbers = prod(shape)
    return Floor(
        machine.seconds(_OPERATIONS * numbers, 5 * numbers),
        sum(machine.seconds(*layer) for layer in layers) / len(networks),
        sum(operations for operations, _ in layers) / len(networks),
        sum(moved for _, moved in layers) / len(networks),
    )


def _layers(network: nn.Module, image: torch.Tensor) -> list[tuple[float, float]]:
    """Return operations and bytes of each product and convolution; what lies between can be fused to them."""
    found: list[tuple[float, float]] = []

    def note(layer: nn.Module, seen: Any, given: torch.Tensor) -> None:
        weight: Any = layer.weight
        operations = 2 * weight.numel() * (given.numel() // weight.shape[0])
        found.append((operations, 4 * (seen[0].numel() + given.numel())))

    kinds = (nn.Linear, nn.Conv2d)
    hooks = [layer.register_forward_hook(note) for layer in network.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()
    return found


def _best(work: Callable[[], object]) -> float:
    """Return the median seconds of some rounds, after one unmeasured."""
    work()
    times = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        for _ in range(8):
            work()
        times.append((time.thread_time() - began) / 8)
    return statistics.median(times)
