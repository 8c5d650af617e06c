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
    from outvoted.cluster.python.comparing import compare
    from outvoted.cluster.python.experimenting import study, sweep
    from outvoted.cluster.python.healing import heal
    from outvoted.cluster.python.landscapes import landscape
    from outvoted.cluster.python.mining import mine
    from outvoted.cluster.python.panel import Panel
    from outvoted.cluster.python.result import Result
    from outvoted.cluster.python.running import run
    from outvoted.cluster.python.scanning import scan
    from outvoted.cluster.python.submitted import connect, submit
    from outvoted.search.errors import OutvotedError

    __version__: str

__all__ = [
    "OutvotedError",
    "Panel",
    "Result",
    "compare",
    "configs",
    "connect",
    "data",
    "heal",
    "landscape",
    "mine",
    "networks",
    "run",
    "scan",
    "strategies",
    "study",
    "submit",
    "sweep",
    "transforms",
]
_ROOMS = {
    "OutvotedError": "search.errors",
    "Panel": "cluster.python.panel",
    "Result": "cluster.python.result",
    "compare": "cluster.python.comparing",
    "connect": "cluster.python.submitted",
    "heal": "cluster.python.healing",
    "landscape": "cluster.python.landscapes",
    "mine": "cluster.python.mining",
    "run": "cluster.python.running",
    "scan": "cluster.python.scanning",
    "study": "cluster.python.experimenting",
    "submit": "cluster.python.submitted",
    "sweep": "cluster.python.experimenting",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: most bring torch along, ``run``, ``sweep``, ``study`` Ray."""
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
