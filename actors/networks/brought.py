"""What is common to networks that a user brings."""

import hashlib
import re
from abc import abstractmethod
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.data.paths import UserPath
from outvoted.actors.networks.base import Architecture, Loaded, Shape, Weights
from outvoted.actors.networks.copied import shape_lazy_layers, unwrapped
from outvoted.actors.networks.fitting import fitted
from outvoted.actors.networks.prepared import Input, Prepared
from outvoted.actors.networks.tolerant import told
from outvoted.actors.networks.weights import file_hash, read_weights
from outvoted.search.errors import OutvotedError

_INNER = "network."  # what Prepared puts before the names of its network's weights


class Brought(Architecture):
    """A network from outside behind an input recipe."""

    alias: Annotated[str, Field(pattern=r"^\w[\w.-]*$", max_length=64)] | None = None
    """What the network is called in tables and files; its model or file where it is left out."""
    input: Input = Input()

    @property
    @abstractmethod
    def origin(self) -> str:
        """What the network is called without an alias."""

    @abstractmethod
    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Make the bare network for images of ``shape``, as its recipe hands them over."""

    @property
    def label(self) -> str:
        """Return the alias, or the origin as a plain file name."""
        return self.alias or re.sub(r"[^\w.-]", "-", self.origin)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the network behind its input recipe; lazy layers get their shapes."""
        seen = self.input.seen(shape)
        network = self.module(seen, classes)
        shape_lazy_layers(network, torch.zeros(1, *seen))
        return Prepared(self.input, shape, network)


class Constructed(Brought):
    """A network that code constructs and a file may give weights to; without a file it is trained."""

    weights: UserPath | None = None
    """A safetensors file, or a file of `torch.save` that holds tensors."""

    @property
    def loaded(self) -> bool:
        """Whether there is a weights file."""
        return self.weights is not None

    def load(self, shape: Shape, classes: int) -> Loaded | None:
        """Read the weights file, if there is one, and find the network's weights in it."""
        if self.weights is None:
            return None
        found = read_weights(self.weights)
        with torch.random.fork_rng(devices=()):
            network = self.module(self.input.seen(shape), classes)
        loaded = fitted(network, found, self.weights, classes, self.fitting)
        return Loaded({_INNER + name: value for name, value in loaded.weights.items()}, loaded.note)

    def fitting(self, weights: Weights) -> Weights:
        """Leave out weights that the constructed network has no use for."""
        return weights

    @property
    def content(self) -> str:
        """Hash the weights file and the code, as far as it is the user's."""
        parts = [self.source, file_hash(self.weights) if self.weights is not None else ""]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest() if any(parts) else ""

    @property
    def source(self) -> str:
        """A hash of code that constructs the network and is no part of a versioned library."""
        return ""


def called(function: Any, what: str, arguments: dict[str, Any]) -> nn.Module:
    """Call what constructs a network.

    Raises:
        OutvotedError: it fails, or makes something else.
    """
    try:
        network = function(**arguments)
    except (Exception, SystemExit) as error:  # the user's code, which may raise anything
        raise OutvotedError(
            expected=f"{what} to make a network",
            found=told(error),
            remedy="correct 'arguments', or the code",
        ) from error
    if not isinstance(network, nn.Module):
        raise OutvotedError(
            expected=f"{what} to return a torch.nn.Module",
            found=_made(network),
            remedy="return the network itself",
        )
    return unwrapped(network)


def _made(thing: Any) -> str:
    """Say what a factory returned in place of a network."""
    if isinstance(thing, type):
        return f"the class {thing.__name__}, not called"
    return "nothing" if thing is None else f"something of type {type(thing).__name__}"
