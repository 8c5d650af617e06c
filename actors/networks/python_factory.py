"""A network that a function in the user's own Python code makes."""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Shape
from outvoted.actors.networks.brought import Constructed, called
from outvoted.actors.networks.tolerant import told
from outvoted.actors.networks.weights import file_hash
from outvoted.search.errors import OutvotedError, suggestion


class PythonFactory(Constructed):
    """Whatever ``factory(**arguments)`` returns: a module that maps images to one logit for each class.

    The factory is imported with the current folder on the path. It is code and runs with the user's rights.
    """

    kind: Literal["python"] = "python"
    factory: Annotated[str, Field(pattern=r"^\w+(\.\w+)*:\w+$")]
    """Module and function, ``package.module:function``."""
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Name the function."""
        return self.factory.partition(":")[2]

    @property
    def source(self) -> str:
        """Hash the file of the factory's module; what that imports is not looked at."""
        file = getattr(self._imported(), "__file__", None)
        return file_hash(Path(file)) if file else ""

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Call the factory; it has to know the images' shape and the number of classes."""
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
        """Refuse arguments that the factory does not take, or that are lacking."""
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
        """Say which arguments to write, or which was meant by one that the factory does not know."""
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
                else f"mend the module: python -c 'import {name}' shows where it fails",
            ) from error
