"""What is common to networks that a user brings."""

import hashlib
import re
from abc import abstractmethod
from typing import Annotated, Any

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Architecture, Shape, Weights
from outvoted.actors.networks.prepared import Input, Prepared
from outvoted.actors.networks.weights import file_hash, read_weights
from outvoted.actors.paths import UserPath
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
        """Build the network behind its input recipe."""
        return Prepared(self.input, shape, self.module(self.input.seen(shape), classes))


class Constructed(Brought):
    """A network that code constructs and a file may give weights to; without a file it is trained."""

    weights: UserPath | None = None
    """A safetensors file, or a state dict that `torch.load(weights_only=True)` reads."""

    @property
    def loaded(self) -> bool:
        """Whether there is a weights file."""
        return self.weights is not None

    def load(self) -> Weights | None:
        """Read the weights file, if there is one."""
        if self.weights is None:
            return None
        return {_INNER + name: value for name, value in self.fitting(read_weights(self.weights)).items()}

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
    except Exception as error:
        raise OutvotedError(
            expected=f"{what} to make a network",
            found=f"{type(error).__name__}: {' '.join(str(error).split())}"[:300],
            remedy="correct 'arguments', or the code",
        ) from error
    if not isinstance(network, nn.Module):
        raise OutvotedError(
            expected=f"{what} to return a torch.nn.Module",
            found=f"a {type(network).__name__}",
            remedy="return the network itself",
        )
    return network
