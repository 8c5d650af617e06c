"""Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from outvoted.cluster.python.notebook import Panel, mine, run

__version__ = version("outvoted")
__all__ = ["Panel", "mine", "run"]


def __getattr__(name: str) -> Any:
    """Import the notebook's functions when they are first asked for: they bring torch and Ray along."""
    if name not in __all__:
        raise AttributeError(f"module 'outvoted' has no attribute '{name}'")
    return getattr(import_module("outvoted.cluster.python.notebook"), name)
