"""The user's own networks: what they share, and those that the user's Python code makes."""

import hashlib
import importlib
import inspect
import re
import sys
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.data.files import UserPath
from outvoted.actors.networks.base import Architecture, Shape
from outvoted.actors.networks.preprocessing import InputRecipe, Preprocessed
from outvoted.actors.networks.user_modules import shape_lazy_layers, told, unwrapped
from outvoted.actors.networks.weights import LoadedWeights, Weights, fitted
from outvoted.actors.networks.weights_files import file_hash, read_weights
from outvoted.search.errors import OutvotedError, suggestion

_INNER = "network."  # what Preprocessed puts before the names of its network's weights


class UserNetwork(Architecture):
    """A network that the user provides, behind an input recipe."""

    alias: Annotated[str, Field(pattern=r"^\w[\w.-]*$", max_length=64)] | None = None
    """The network's name in tables and files; that of its model or file if left out."""
    input: InputRecipe = InputRecipe()
    """What is done to images before the network sees them."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """What the network is called without an alias."""

    @abstractmethod
    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Make the bare network for images of ``shape``, as its recipe passes them on."""

    @property
    def label(self) -> str:
        """Return the alias, or the origin as a plain file name."""
        return self.alias or re.sub(r"[^\w.-]", "-", self.origin)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the network behind its input recipe; lazy layers get their shapes."""
        seen = self.input.seen(shape)
        network = self.module(seen, classes)
        shape_lazy_layers(network, torch.zeros(1, *seen))
        return Preprocessed(self.input, shape, network)


class ConstructedNetwork(UserNetwork):
    """A network that code constructs; its weights come from a file, or from training."""

    weights: UserPath | None = None
    """A safetensors file, or a file of `torch.save` that holds tensors."""

    @property
    def loaded(self) -> bool:
        """Whether there is a weights file."""
        return self.weights is not None

    def load(self, shape: Shape, classes: int) -> LoadedWeights | None:
        """Read the weights file, if there is one, and find the network's weights in it."""
        if self.weights is None:
            return None
        found = read_weights(self.weights)
        with torch.random.fork_rng(devices=()):
            network = self.module(self.input.seen(shape), classes)
        loaded = fitted(network, found, self.weights, classes, self.fitting)
        return LoadedWeights({_INNER + name: value for name, value in loaded.weights.items()}, loaded.note)

    def fitting(self, weights: Weights) -> Weights:
        """Leave out weights that the constructed network doesn't use."""
        return weights

    @property
    def content(self) -> str:
        """Hash the weights file, and the code if it is the user's."""
        parts = [self.source, file_hash(self.weights) if self.weights is not None else ""]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest() if any(parts) else ""

    @property
    def source(self) -> str:
        """A hash of the code that constructs the network, unless it is part of a versioned library."""
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


class PythonFactory(ConstructedNetwork):
    """Whatever ``factory(**arguments)`` returns: a module that maps images to one logit for each class.

    The factory is imported with the current folder on the path. It is code and runs with the user's rights.
    """

    kind: Literal["python"] = "python"
    factory: Annotated[str, Field(pattern=r"^\w+(\.\w+)*:\w+$")]
    """Module and function, ``package.module:function``."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Passed to the function by name."""

    @property
    def origin(self) -> str:
        """Name the function."""
        return self.factory.partition(":")[2]

    @property
    def source(self) -> str:
        """Hash the file of the factory's module; what that imports is not tracked."""
        file = getattr(self._imported(), "__file__", None)
        return file_hash(Path(file)) if file else ""

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Call the factory; it must know the images' shape and the number of classes."""
        module, function = self._imported(), self.origin
        factory = getattr(module, function, None)
        if not callable(factory):
            where = getattr(module, "__file__", module.__name__)
            typed = f"'{function}' in {where} is of type {type(factory).__name__}"
            functions = [name for name, value in vars(module).items() if name[0] != "_" and callable(value)]
            raise OutvotedError(
                expected=f"a function named in factory: {self.factory}",
                found=typed if hasattr(module, function) else f"no '{function}' in {where}",
                remedy=suggestion(function, functions),
            )
        self._take_arguments(factory)
        return called(factory, f"factory {self.factory}", self.arguments)

    def _take_arguments(self, factory: Any) -> None:
        """Refuse arguments that the factory does not take, and missing ones."""
        try:
            signature = inspect.signature(factory)
        except (TypeError, ValueError):  # nothing is known of it before it is called
            return
        try:
            signature.bind(**self.arguments)
        except TypeError as error:
            raise OutvotedError(
                expected=f"arguments that fit {self.origin}{signature}, of factory: {self.factory}",
                found=str(error),
                remedy=self._lacking(signature),
            ) from error

    def _lacking(self, signature: inspect.Signature) -> str:
        """Say which arguments are missing, or which one an unknown argument was meant to be."""
        unknown = [name for name in self.arguments if name not in signature.parameters]
        if unknown:
            return suggestion(unknown[0], signature.parameters)
        wanted = [name for name, value in signature.parameters.items() if value.default is value.empty]
        lacking = ", ".join(f"{name}: ..." for name in wanted if name not in self.arguments)
        return (
            f"write arguments: {{{lacking}}}, also where the data has a say: its shape and number of classes"
        )

    def _imported(self) -> Any:
        name = self.factory.partition(":")[0]
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.insert(0, here)
        try:
            return importlib.import_module(name)
        except (Exception, SystemExit) as error:  # a user's module may raise anything
            raise OutvotedError(
                expected=f"to import {name}, the module in factory: {self.factory}",
                found=told(error),
                remedy=f"start outvoted in the folder that holds it ({here} now), or install it "
                "on every machine"
                if getattr(error, "name", None) == name
                else f"fix the module: python -c 'import {name}' shows where it fails",
            ) from error
