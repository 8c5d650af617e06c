"""Where weights and a network differ, in words."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch.nn.parameter import is_lazy

from outvoted.actors.networks.program_description import shown

_SHOWN = 3


class Misfit(NamedTuple):
    """How weights differ from what a network wants.

    Attributes:
        missing: names that the network wants.
        unexpected: names that it does not know.
        shapes: names that both know, with the shape that is there and the shape that is wanted.
        wanted, given: how many names there are in all.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    wanted: int
    given: int

    @property
    def size(self) -> int:
        """The number of names that differ; 0 where all fits."""
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    def __str__(self) -> str:
        shapes = [
            f"{shown(name)} is {there} in the file, {here} in the network"
            for name, there, here in self.shapes
        ]
        parts = [*shapes[:_SHOWN], *([f"{len(shapes) - _SHOWN} more such"] if len(shapes) > _SHOWN else [])]
        if self.missing:
            parts.append(f"{_listed(self.missing)} of the network's {self.wanted} not in the file")
        if self.unexpected:
            parts.append(f"{_listed(self.unexpected)} of the file's {self.given} not in the network")
        return "; ".join(parts)

    def remedy(self, classes: int) -> str:
        """Say what may bring weights and network together, for data of so many classes."""
        if self.shapes and not self.missing and not self.unexpected:
            outputs = {(there[:1], here[:1]) for _, there, here in self.shapes if there[1:] == here[1:]}
            if len(outputs) == 1 and all(there[1:] == here[1:] for _, there, here in self.shapes):
                ((there, here),) = outputs
                if here == (classes,) and there:
                    return (
                        f"mine data with {there[0]} classes, or bring weights trained on data with {classes}"
                    )
            return "give the network the width and depth it was trained with, say under arguments:"
        if not self.unexpected:
            return "bring the whole network's weights: an adapter or a backbone is to be merged into it first"
        return "name the network whose weights these are, or bring the weights of this one"


def misfit(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> Misfit:
    """Compare weights with a network's own: names and shapes."""
    shapes = tuple(
        (name, tuple(weights[name].shape), tuple(value.shape))
        for name, value in own.items()
        if name in weights and not is_lazy(value) and value.shape != weights[name].shape
    )
    missing = tuple(name for name in own if name not in weights)
    unexpected = tuple(name for name in weights if name not in own)
    return Misfit(missing, unexpected, shapes, len(own), len(weights))


def _listed(names: Sequence[str]) -> str:
    """Count names and list the first."""
    first = ", ".join(shown(name) for name in names[:_SHOWN])
    return f"{len(names)} tensor{'s' * (len(names) != 1)} ({first}{', ...' * (len(names) > _SHOWN)})"
