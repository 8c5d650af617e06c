"""How many processes a run starts, and what share of the machines each one gets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_FINEST = 10_000  # Ray counts resources in ten-thousandths
_FOR_PEERS = 0.9
LEAST_CPUS = 0.05
"""Of which a peer gets at least so much: with more than twenty to a CPU, they mostly wait for each other."""
PROCESS_BYTES = 200 << 20
"""What a process of ours takes for itself: Python and PyTorch (measured; what it shares is not counted)."""


class PlacementSettings(Settings):
    """Where a run's work goes; nothing here changes its results."""

    cells: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Coordinators, each with a panel of its own."""
    shards_in_flight: Annotated[int, Field(ge=1, le=64)] = 12
    """Shards a cell advances at a time; their questions travel together, so batches stay full."""
    shard_size: Annotated[int, Field(ge=1, le=10**6)] = 500
    """Searches that are leased and recorded together; those in flight are lost when a run is interrupted."""
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
        OutvotedError: the configuration asks for more than there is, or so many processes would share the
            CPUs that none gets anywhere.
    """
    actors = settings.cells * peers
    cpus, gpus = available.get("CPU", 0.0), available.get("GPU", 0.0)
    check_memory(settings.cells * (peers + 1), available, "cluster.cells")
    if settings.num_cpus is not None and settings.num_cpus * actors > cpus:
        raise _too_much("num_cpus", settings.num_cpus, actors, cpus, "CPU")
    if settings.num_gpus is not None and settings.num_gpus > 0 and actors > _places(settings.num_gpus, gpus):
        raise _too_much("num_gpus", settings.num_gpus, actors, gpus, "GPU")
    even_cpus = min(1.0, math.floor(_FOR_PEERS * cpus / actors * _FINEST) / _FINEST)
    even_gpus = math.floor(_FINEST / math.ceil(actors / gpus)) / _FINEST if gpus else 0.0
    each_cpus = even_cpus if settings.num_cpus is None else settings.num_cpus
    each_gpus = even_gpus if settings.num_gpus is None else settings.num_gpus
    if each_cpus < LEAST_CPUS and not (each_cpus == 0 and each_gpus > 0):
        raise _too_little(settings, peers, each_cpus, cpus)
    return Share(each_cpus, each_gpus)


def check_memory(processes: int, available: Mapping[str, float], key: str) -> None:
    """Refuse more processes than memory holds, whatever each of them will load.

    Args:
        available: what `ray.cluster_resources()` says; nothing is refused where it knows of no memory.
        key: what to lower in the configuration.

    Raises:
        OutvotedError: with the arithmetic.
    """
    there = available.get("memory", float("inf"))
    if processes * PROCESS_BYTES > there:
        needed = f"at least {processes * PROCESS_BYTES / 2**30:.1f} GiB of memory"
        raise OutvotedError(
            expected=f"{needed} for {processes} processes of {PROCESS_BYTES >> 20} MiB or more",
            found=f"{there / 2**30:.1f} GiB on the machines that Ray sees",
            remedy=f"lower {key}: at most {int(there // PROCESS_BYTES)} processes fit",
        )


def _too_little(settings: PlacementSettings, peers: int, each: float, cpus: float) -> OutvotedError:
    actors = settings.cells * peers
    most = int(_FOR_PEERS * cpus / LEAST_CPUS / peers + 1e-9)
    if settings.num_cpus is not None:
        remedy = "raise cluster.num_cpus, or leave it out for an even share"
    elif most:
        remedy = f"lower cluster.cells to at most {most}"
    else:
        remedy = "take fewer networks, or more machines"
    whose = f"each of {actors} peers ({settings.cells} cells of {peers})"
    return OutvotedError(
        expected=f"at least {LEAST_CPUS:g} of a CPU for {whose}",
        found=f"{each:.2g} of a CPU: {cpus:g} CPUs on the machines that Ray sees",
        remedy=remedy,
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


class TaskSettings(Settings):
    """What each round of each arm takes of the machines; nothing here changes the results."""

    num_cpus: Annotated[float, Field(gt=0, le=1024)] = 1.0
    """CPUs, fractions allowed."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] = 0.0
    """GPUs, fractions allowed."""


def share_of_task(settings: TaskSettings, available: Mapping[str, float]) -> Share:
    """Return what a task gets, after checking that as many as run at a time fit in.

    Args:
        available: what `ray.cluster_resources()` says.

    Raises:
        OutvotedError: one task alone asks for more than there is, or as many as CPUs allow for more memory.
    """
    wanted = PlacementSettings(num_cpus=settings.num_cpus, num_gpus=settings.num_gpus)
    found = share(wanted, 1, available)
    at_a_time = max(1, int(available.get("CPU", 1.0) / found.num_cpus))
    check_memory(at_a_time, available, "their number by a higher cluster.num_cpus")
    return found
