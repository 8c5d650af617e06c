"""Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree.

from outvoted import Panel, mine
from outvoted.strategies import Gradient

panel = Panel.train("mnist-sample")  # or Panel({"a": net_a, "b": net_b}, images, labels)
found = mine(panel, per_target=50, strategy=Gradient())
found.show(9)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from outvoted import configs, data, networks, strategies, transforms
    from outvoted.cluster.python.mining import mine
    from outvoted.cluster.python.panel import Panel
    from outvoted.cluster.python.result import Result
    from outvoted.cluster.python.running import run
    from outvoted.search.errors import OutvotedError

    __version__: str

__all__ = [
    "OutvotedError",
    "Panel",
    "Result",
    "configs",
    "data",
    "mine",
    "networks",
    "run",
    "strategies",
    "transforms",
]
_ROOMS = {
    "OutvotedError": "search.errors",
    "Panel": "cluster.python.panel",
    "Result": "cluster.python.result",
    "mine": "cluster.python.mining",
    "run": "cluster.python.running",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: most bring torch along, ``run`` brings Ray."""
    if name == "__version__":
        return import_module("importlib.metadata").version("outvoted")
    if name not in __all__:
        raise AttributeError(f"module 'outvoted' has no attribute '{name}'")
    if name in _ROOMS:
        return getattr(import_module(f"outvoted.{_ROOMS[name]}"), name)
    return import_module(f"outvoted.{name}")


def __dir__() -> list[str]:
    """List what can be imported, for completion."""
    return [*__all__, "__version__"]
