"""Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree."""

from importlib.metadata import version

__version__ = version("outvoted")
