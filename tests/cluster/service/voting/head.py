"""A cluster, to the panels that are asked there."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Head:
    """The head of a Ray that lets in whoever has this process's environment."""

    gcs: str
    environment: Mapping[str, str] = field(default_factory=dict)
