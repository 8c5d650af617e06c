"""Weights by name: how they differ from what a network expects, and how to find them under other names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from outvoted.search.errors import OutvotedError


def shown(text: str) -> str:
    """Return a stranger's text as a message may show it."""
    plain_text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain_text if len(plain_text) <= 100 else plain_text[:97] + "..."


Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class LoadedWeights:
    """Weights from a file, under the names that the network gives them.

    Attributes:
        weights: each with memory of its own.
        note: what was done to match the file's names to the network's; empty if nothing was.
    """

    weights: Weights
    note: str = ""


_SHOWN = 3


class Misfit(NamedTuple):
    """How weights differ from what a network expects.

    Attributes:
        missing: names that the network expects.
        unexpected: names that the network does not know.
        shapes: names that both know, with the shape in the file and the network's shape.
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
        """Say how to make weights and network fit, for data with that many classes."""
        if self.shapes and not self.missing and not self.unexpected:
            outputs = {(there[:1], here[:1]) for _, there, here in self.shapes if there[1:] == here[1:]}
            if len(outputs) == 1 and all(there[1:] == here[1:] for _, there, here in self.shapes):
                ((there, here),) = outputs
                if here == (classes,) and there:
                    return f"mine data with {there[0]} classes, or use weights trained on data with {classes}"
            return "give the network the width and depth it was trained with, say under arguments:"
        if not self.unexpected:
            return "use the whole network's weights: merge an adapter or a backbone into it first"
        return "name the network that these weights belong to, or use the weights of this one"


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


_COUNTER = "num_batches_tracked"  # of BatchNorm; early files lack it, and no answer depends on it
Filter = Callable[[Weights], Weights]


@dataclass(frozen=True)
class _View:
    """A file's weights under one key, without one prefix."""

    nest: str
    prefix: str
    weights: Weights
    tied: tuple[str, ...]

    @property
    def note(self) -> str:
        """Say what was done to the names."""
        done = [f"those under '{shown(self.nest)}'"] if self.nest else []
        done += [f"without the prefix '{shown(self.prefix)}'"] if self.prefix else []
        done += [f"with {', '.join(self.tied[:3])} as the network ties them"] if self.tied else []
        return ", ".join(done)


def fitted(
    network: nn.Module, found: Mapping[str, Weights], path: Path, classes: int, useful: Filter
) -> LoadedWeights:
    """Return the weights of a file under the network's own names.

    Args:
        network: as it was built; it may be changed.
        found: the named tensors of the file, by the key under which they lie.
        path: the file, for messages.
        classes: of the data, for messages.
        useful: leaves out weights that this network never has.

    Raises:
        OutvotedError: none of them fit, or several do.
    """
    own = network.state_dict()
    views = [_completed(view, own) for key, weights in found.items() for view in _views(key, weights, useful)]
    fits = [view for view in views if not misfit(own, view.weights).size or _accepted(network, view)]
    if not fits:
        nearest = max(views, key=lambda view: len(own.keys() & view.weights.keys()))
        raise _unfit(misfit(own, nearest.weights), nearest, path, classes)
    first, *others = fits
    for other in others:
        if not _equal(first.weights, other.weights):
            raise _ambiguous(first, other, path)
    return LoadedWeights(_by_themselves(first.weights), first.note)


def _views(nest: str, weights: Weights, useful: Filter) -> Iterator[_View]:
    """Take off the first part of the names as long as all of them share it."""
    prefix = ""
    while True:
        inner = {name.removeprefix(prefix): value for name, value in weights.items()}
        yield _View(nest, prefix, useful(inner), ())
        heads = {name.partition(".")[0] for name in inner}
        if len(heads) != 1 or not all("." in name for name in inner):
            return
        prefix += f"{heads.pop()}."


def _completed(view: _View, own: Weights) -> _View:
    """Add what the network has twice and the file once, and leave out counters it does not have."""
    weights = {
        name: value for name, value in view.weights.items() if name in own or not name.endswith(_COUNTER)
    }
    tied = {}
    for name in own.keys() - weights.keys():
        partner = next((other for other in own if other in weights and _same(own[name], own[other])), None)
        if partner is not None:
            tied[name] = weights[partner]
        elif name.endswith(_COUNTER) and name.removesuffix(_COUNTER) + "running_mean" in weights:
            weights[name] = own[name].clone()
    return _View(view.nest, view.prefix, {**weights, **tied}, tuple(sorted(tied)))


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Return whether two tensors are one, as tied weights are."""
    if is_lazy(one) or is_lazy(other) or one.numel() == 0 or one.is_meta:
        return False
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape and one.stride() == other.stride()


def _accepted(network: nn.Module, view: _View) -> bool:
    """Let the network have its say: some modules know their weights under earlier names."""
    try:
        network.load_state_dict(view.weights)
    except Exception:  # modules may bring their own code for it
        return False
    return True


def _equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _by_themselves(weights: Weights) -> Weights:
    """Give every tensor memory of its own, in which its numbers lie one after the other."""
    found: Weights = {}
    taken: set[int] = set()
    for name, value in weights.items():
        memory = value.untyped_storage()
        alone = memory.data_ptr() not in taken and memory.nbytes() == value.numel() * value.element_size()
        taken.add(memory.data_ptr())
        kept = value.detach()
        found[name] = kept if alone and kept.is_contiguous() else kept.contiguous().clone()
    return found


def _unfit(found: Misfit, view: _View, path: Path, classes: int) -> OutvotedError:
    return OutvotedError(
        expected=f"weights at {path} that fit the network" + (f" ({view.note})" if view.note else ""),
        found=str(found),
        remedy=found.remedy(classes),
    )


def _ambiguous(first: _View, other: _View, path: Path) -> OutvotedError:
    keys = [f"'{shown(view.nest)}'" if view.nest else "the file's top" for view in (first, other)]
    one = first.nest or other.nest
    return OutvotedError(
        expected=f"one set of weights that fits the network at {path}",
        found=f"two that differ: under {keys[0]} and under {keys[1]}",
        remedy="save the one you mean alone, say "
        f"torch.save(torch.load('{path}')['{shown(one)}'], 'weights.pth')",
    )
