"""How many cells a run of mining has, what each is made of, and what its processes get of the machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.panel.cost import Cost
from outvoted.cluster.ray.placement import PROCESS_BYTES, Share, check_memory, share
from outvoted.search.settings import Settings

SMALL = 100_000_000
"""Floating-point operations for an image up to which a network is small: 2 to 5 ms on a core."""
_BYTES_OF_A_WEIGHT = 12
"""In single and in double precision."""
_CELLS_OF_A_GPU = 4
_IN_FLIGHT = {True: 4, False: 12}


class PlacementSettings(Settings):
    """Where a run's work goes; nothing here changes its results."""

    cells: Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"] = "auto"
    """Coordinators, each with a panel of its own; as many as the machines have room for with auto."""
    cell: Literal["auto", "process", "actors"] = "auto"
    """What a cell is: one process with all its networks, or a process for each network. Auto takes one
    process where all networks are small."""
    shards_in_flight: Annotated[int, Field(ge=1, le=64)] | None = None
    """Shards a cell advances at a time; their questions travel together, so batches stay full. Where it is
    left out, 4 in a cell of one process, else 12."""
    shard_size: Annotated[int, Field(ge=1, le=10**6)] = 500
    """Searches that are leased and recorded together; those in flight are lost when a run is interrupted."""
    retry_failed: bool = False
    """Whether a resumed run first forgets searches that failed, with their shards, and runs them again: for
    networks that fail for a while, and not for good."""
    num_cpus: Annotated[float, Field(ge=0, le=1024)] | None = None
    """CPUs for each process, fractions allowed; an even share where it is left out."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] | None = None
    """GPUs for each process, fractions allowed; an even share, 0 without GPUs, where it is left out."""


@dataclass(frozen=True)
class Layout:
    """The cells of a run.

    Attributes:
        inside: whether a cell is one process; else each of its networks has its own, and so has the
            coordinator, which takes no share.
        peers: networks of a panel.
        share: what each process gets.
    """

    inside: bool
    cells: int
    peers: int
    share: Share
    shards_in_flight: int

    @property
    def processes(self) -> int:
        """Processes of a cell that get a share."""
        return 1 if self.inside else self.peers

    def __str__(self) -> str:
        count = "1 cell" if self.cells == 1 else f"{self.cells} cells"
        each = "" if self.cells == 1 else " each"
        if self.inside:
            return f"{count},{each} one process with {self.peers} networks"
        return f"{count},{each} {self.peers} processes with one network, and a coordinator"


def layout(settings: PlacementSettings, peers: int, cost: Cost, available: Mapping[str, float]) -> Layout:
    """Divide what is ``available`` (as `ray.cluster_resources()` says) among cells of ``peers`` networks.

    Raises:
        OutvotedError: the configuration asks for more than there is, or so many processes would share the
            CPUs that none gets anywhere.
    """
    inside = cost.largest <= SMALL if settings.cell == "auto" else settings.cell == "process"
    sharing, all_of_cell = (1, 1) if inside else (peers, peers + 1)
    cell_bytes = all_of_cell * PROCESS_BYTES + _BYTES_OF_A_WEIGHT * cost.weights
    if settings.cells == "auto":
        cells = max(1, min(_room(inside, sharing, available), int(_memory(available) // cell_bytes)))
    else:
        cells = settings.cells
    check_memory(cells * all_of_cell, available, "cluster.cells", cell_bytes // all_of_cell)
    each = share(cells * sharing, settings.num_cpus, settings.num_gpus, available, ["cluster.cells"])
    return Layout(inside, cells, peers, each, settings.shards_in_flight or _IN_FLIGHT[inside])


def _room(inside: bool, sharing: int, available: Mapping[str, float]) -> int:
    """Count the cells that CPUs and GPUs are enough for."""
    cpus, gpus = int(available.get("CPU", 1.0)), int(available.get("GPU", 0.0))
    by_cpu = cpus // sharing
    if not gpus:
        return by_cpu
    return min(by_cpu, gpus * _CELLS_OF_A_GPU if inside else gpus // sharing)


def _memory(available: Mapping[str, float]) -> float:
    return available.get("memory", 2.0**62)
