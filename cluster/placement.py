"""How many actors a run starts and what share of the machines each one gets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_FINEST = 10_000  # Ray counts resources in ten-thousandths
_FOR_PEERS = 0.9


class PlacementSettings(Settings):
    """Where a run's work goes; nothing here changes its results."""

    cells: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Coordinators, each with a panel of its own."""
    shards_in_flight: Annotated[int, Field(ge=1, le=64)] = 12
    """Shards a cell advances at a time; their questions travel together, so batches stay full."""
    shard_size: Annotated[int, Field(ge=1, le=10**6)] = 500
    """Searches that are leased and recorded together; what is in flight is lost when a run is cut off."""
    num_cpus: Annotated[float, Field(ge=0, le=1024)] | None = None
    """CPUs for each peer, fractions allowed; an even share where it is left out."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] | None = None
    """GPUs for each peer, fractions allowed; an even share, 0 without GPUs, where it is left out."""


@dataclass(frozen=True)
class Share:
    """What one peer gets."""

    num_cpus: float
    num_gpus: float


def share(settings: PlacementSettings, peers: int, available: Mapping[str, float]) -> Share:
    """Divide what is ``available`` (as `ray.cluster_resources()` says) among all cells' peers.

    Raises:
        OutvotedError: the configuration asks for more than there is.
    """
    actors = settings.cells * peers
    cpus, gpus = available.get("CPU", 0.0), available.get("GPU", 0.0)
    if settings.num_cpus is not None and settings.num_cpus * actors > cpus:
        raise _too_much("num_cpus", settings.num_cpus, actors, cpus, "CPU")
    if settings.num_gpus is not None and settings.num_gpus > 0 and actors > _places(settings.num_gpus, gpus):
        raise _too_much("num_gpus", settings.num_gpus, actors, gpus, "GPU")
    even_cpus = min(1.0, math.floor(_FOR_PEERS * cpus / actors * _FINEST) / _FINEST)
    even_gpus = math.floor(_FINEST / math.ceil(actors / gpus)) / _FINEST if gpus else 0.0
    return Share(
        even_cpus if settings.num_cpus is None else settings.num_cpus,
        even_gpus if settings.num_gpus is None else settings.num_gpus,
    )


def _places(each: float, gpus: float) -> int:
    """Count the actors that fit: a share below 1 lies on one GPU, a larger one takes whole GPUs."""
    return int(gpus) * int(1 / each + 1e-9) if each <= 1 else int(gpus / math.ceil(each))


def _too_much(key: str, each: float, actors: int, there: float, unit: str) -> OutvotedError:
    return OutvotedError(
        expected=f"cluster.{key}={each:g} for each of {actors} peers",
        found=f"{there:g} {unit}s on the machines that Ray sees",
        remedy=f"lower cluster.{key} (fractions are allowed), leave it out for an even share, "
        "or lower cluster.cells",
    )
