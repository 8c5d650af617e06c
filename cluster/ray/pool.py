"""How many whole panels scan at a time, and what share of the machines each one gets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.cluster.ray.placement import LEAST_CPUS, check_memory
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings


class PoolSettings(Settings):
    """Where a scan's work goes; nothing here changes its results."""

    panels: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Processes that each hold a whole panel; one for each CPU but one, which reads, if left out."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] | None = None
    """GPUs for each panel, fractions allowed; an even share, 0 without GPUs, if left out."""
    memory: Annotated[int, Field(ge=16, le=10**6)] = 256
    """MiB of images in flight between reading and judging, over the whole cluster."""


@dataclass(frozen=True)
class Pool:
    """A number of panels, and what each one and each reading task gets."""

    panels: int
    cpus: float
    gpus: float
    reader_cpus: float


def pool(settings: PoolSettings, available: Mapping[str, float]) -> Pool:
    """Divide what is ``available`` (as `ray.cluster_resources()` says); room is left for one reader.

    Raises:
        OutvotedError: the configuration asks for more GPUs, CPUs or memory than there are.
    """
    cpus, gpus = available.get("CPU", 1.0), available.get("GPU", 0.0)
    panels = settings.panels or max(1, int(cpus) - 1)
    wanted = math.floor(1e4 * gpus / panels) / 1e4 if settings.num_gpus is None else settings.num_gpus
    if wanted * panels > gpus:
        raise OutvotedError(
            expected=f"cluster.num_gpus={wanted:g} for each of {panels} panels",
            found=f"{gpus:g} GPUs on the machines that Ray sees",
            remedy="lower cluster.num_gpus (fractions are allowed) or cluster.panels, or leave them out",
        )
    check_memory(panels + 1, available, "cluster.panels")
    each = min(1.0, cpus / (panels + 1))
    if each < LEAST_CPUS:
        raise OutvotedError(
            expected=f"at least {LEAST_CPUS:g} of a CPU for each of {panels} panels and one reader",
            found=f"{each:.2g} of a CPU: {cpus:g} CPUs on the machines that Ray sees",
            remedy=f"lower cluster.panels to at most {max(1, int(cpus / LEAST_CPUS) - 1)}, or leave it out",
        )
    # Unequal shares keep Ray Data from fusing the two into one process, which would do one after the other.
    return Pool(panels, math.floor(each * 1e3) / 1e3, wanted, math.floor(each * 9e2) / 1e3)
