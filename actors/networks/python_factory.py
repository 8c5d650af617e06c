"""A network that a function in the user's own Python code makes."""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Shape
from outvoted.actors.networks.brought import Constructed, called, raised
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
        if not callable(getattr(module, function, None)):
            raise OutvotedError(
                expected=f"a function named in factory: {self.factory}",
                found=f"no '{function}' in {getattr(module, '__file__', module.__name__)}",
                remedy=suggestion(function, [name for name in vars(module) if not name.startswith("_")]),
            )
        factory = getattr(module, function)
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
                expected=f"arguments: for {self.origin}{signature} of factory: {self.factory}",
                found=f"{', '.join(self.arguments) or 'none'}: {error}",
                remedy="write them under arguments:, say arguments: {width: 64}; images' shape and number of "
                "classes are not given by themselves",
            ) from error

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
                found=raised(error),
                remedy=f"start outvoted in the folder that holds it ({here} now), or install it "
                "on every machine"
                if getattr(error, "name", None) == name
                else f"mend the module: python -c 'import {name}' shows where it fails",
            ) from error
