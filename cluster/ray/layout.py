"""How many cells a run of mining has, what each is made of, and what its processes get of the machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.panel.cost import Cost
from outvoted.cluster.ray.placement import PROCESS_BYTES, Machines, Share, check_memory, share
from outvoted.search.settings import Settings

SMALL = 100_000_000
"""Floating-point operations for an image up to which a network is small: 2 to 5 ms on a core."""
_BYTES_OF_A_WEIGHT = 12
"""In single and in double precision."""
_CELLS_OF_A_GPU = 4
_IN_FLIGHT = {True: 4, False: 12}
_CHEAP, _OFTEN, _SELDOM = 1_000_000, 500, 2000
"""Operations for an image below which advancing a shard costs as much as its answers; and searches of a shard
above and below that."""


class PlacementSettings(Settings):
    """Where a run's work goes; nothing here changes its results."""

    cells: Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"] = "auto"
    """Coordinators, each with a panel of its own: at most so many; with auto as many as the machines have
    room for, also while machines come and go. A cluster that grows when asked is asked by a number only."""
    cell: Literal["auto", "process", "actors"] = "auto"
    """What a cell is: one process with all its networks, or a process for each network. Auto takes one
    process where all networks are small."""
    shards_in_flight: Annotated[int, Field(ge=1, le=64)] | None = None
    """Shards a cell advances at a time; their questions travel together, so batches stay full. Where it is
    left out, 4 in a cell of one process, 2 if they are of 2,000 searches or more; else 12."""
    shard_size: Annotated[int, Field(ge=1, le=10**6)] | None = None
    """Searches that are leased and recorded together; those in flight are lost when a run is interrupted.
    Where it is left out, 2,000 for networks below a million operations, else 500."""
    retry_failed: bool = False
    """Whether a resumed run first forgets searches that failed, with their shards, and runs them again: for
    networks that fail for a while, and not for good."""
    num_cpus: Annotated[float, Field(ge=0, le=1024)] | None = None
    """CPUs for each process, fractions allowed; an even share where it is left out."""
    num_gpus: Annotated[float, Field(ge=0, le=64)] | None = None
    """GPUs for each process, fractions allowed; an even share, 0 without GPUs, where it is left out."""
    wait: Annotated[float, Field(ge=1, le=10**6)] = 60.0
    """Seconds for which a run waits for room: for its first cell, and for GPUs that are asked for. Machines
    that are started when they are needed may take minutes. A run that has begun waits ten times as long."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a question that a network fails to answer is put to it again, after a growing pause, before
    the search fails."""
    most_failed: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the searches that may fail, once there are 200, before the run stops."""
    most_cpus: Annotated[float, Field(gt=0, le=10**6)] | None = None
    """CPUs that the run's cells take at most, so that several runs share a cluster."""
    most_gpus: Annotated[float, Field(ge=0, le=10**6)] | None = None
    """GPUs that the run's cells take at most."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Where cells of a run wait for room, runs of lower priority on the same cluster give theirs back once
    these have ended their shards."""


@dataclass(frozen=True)
class Layout:
    """The cells of a run.

    Attributes:
        inside: whether a cell is one process; else each of its networks has its own, and so has the
            coordinator, which takes no share.
        cells: how many the machines have room for at first.
        peers: networks of a panel.
        share: what each process gets.
        most: how many cells there may be, should machines come; None for as many as have room.
        cell_bytes: of memory that a cell takes at least.
        shard_size: searches of a shard, at most.
    """

    inside: bool
    cells: int
    peers: int
    share: Share
    shards_in_flight: int
    most: int | None = None
    cell_bytes: int = 0
    shard_size: int = _OFTEN

    @property
    def processes(self) -> int:
        """Processes of a cell that get a share."""
        return 1 if self.inside else self.peers

    def trains(self, networks: int, cpus: float) -> bool:
        """Whether cells train so many networks themselves, so that processes start but once.

        Not where other processes could train more at a time, on so many CPUs.
        """
        return self.inside and self.cells >= min(networks, int(cpus))

    @property
    def resources(self) -> dict[str, float]:
        """What a cell takes of the machines."""
        each = self.share
        return {"CPU": self.processes * each.num_cpus, "GPU": self.processes * each.num_gpus}

    @property
    def need(self) -> str:
        """What a cell takes of the machines, in words."""
        each = self.share
        parts = [f"{amount:g} {unit}{'s' * (amount != 1)}" for amount, unit in _amounts(each) if amount]
        words = " and ".join(parts) or "a process"
        return words if self.processes == 1 else f"{self.processes} times {words}"

    def room(self, available: Mapping[str, float]) -> int:
        """Count the cells that machines have room for, as cells are now."""
        cells = _room(self.inside, self.processes, available)
        if self.cell_bytes:
            cells = min(cells, int(_memory(available) // self.cell_bytes))
        cells = min(cells, self.share.places(available) // self.processes)
        return cells if self.most is None else min(cells, self.most)

    def __str__(self) -> str:
        count = "1 cell" if self.cells == 1 else f"{self.cells} cells"
        each = "" if self.cells == 1 else " each"
        if self.inside:
            return f"{count},{each} one process with {self.peers} networks"
        return f"{count},{each} {self.peers} processes with one network, and a coordinator"


def layout(settings: PlacementSettings, peers: int, cost: Cost, available: Mapping[str, float]) -> Layout:
    """Divide what is ``available`` among cells of ``peers`` networks.

    Raises:
        OutvotedError: the configuration asks for more than there is, or so many processes would share the
            CPUs that none gets anywhere.
    """
    inside = is_inside(settings, cost)
    sharing, all_of_cell = (1, 1) if inside else (peers, peers + 1)
    cell_bytes = all_of_cell * PROCESS_BYTES + _BYTES_OF_A_WEIGHT * cost.weights
    allowed = _within_quota(settings, available)
    if settings.cells == "auto":
        cells = min(_room(inside, sharing, allowed), int(_memory(available) // cell_bytes))
    else:
        cells = settings.cells
    cells = max(1, min(cells, _fitting(settings, sharing, allowed)))
    check_memory(cells * all_of_cell, available, "cluster.cells", cell_bytes // all_of_cell)
    each = share(cells * sharing, settings.num_cpus, settings.num_gpus, allowed, ["cluster.cells"])
    most = _most(settings, each, sharing)
    size = shard_size(settings, cost)
    usual = 2 if inside and size >= _SELDOM else _IN_FLIGHT[inside]
    return Layout(inside, cells, peers, each, settings.shards_in_flight or usual, most, cell_bytes, size)


def shard_size(settings: PlacementSettings, cost: Cost) -> int:
    """Return how many searches a shard has at most: as configured, or by what the networks cost."""
    return settings.shard_size or (_SELDOM if cost.largest < _CHEAP else _OFTEN)


def is_inside(settings: PlacementSettings, cost: Cost) -> bool:
    """Return whether a cell is one process with all its networks."""
    return cost.largest <= SMALL if settings.cell == "auto" else settings.cell == "process"


def _within_quota(settings: PlacementSettings, available: Mapping[str, float]) -> Machines:
    """Return the machines with no more CPUs and GPUs than the run may take."""
    left = {"CPU": settings.most_cpus, "GPU": settings.most_gpus}
    nodes = []
    for node in Machines.of(available).nodes:
        found = dict(node)
        for name, most in left.items():
            if most is not None and name in found:
                found[name] = min(found[name], most)
                left[name] = most - found[name]
        nodes.append({name: amount for name, amount in found.items() if amount or name == "CPU"})
    return Machines(nodes)


def _fitting(settings: PlacementSettings, sharing: int, available: Mapping[str, float]) -> int:
    """Count the cells that fit, where it is configured what a process gets: others wait for machines."""
    each = Share(settings.num_cpus or 0.0, settings.num_gpus or 0.0)
    return each.places(available) // sharing if each.num_cpus or each.num_gpus else 2**31


def _most(settings: PlacementSettings, each: Share, sharing: int) -> int | None:
    """Return how many cells there may be by configuration and quota, None for any number."""
    bounds = [] if settings.cells == "auto" else [settings.cells]
    quotas = (settings.most_cpus, each.num_cpus), (settings.most_gpus, each.num_gpus)
    bounds += [max(1, int(most / (sharing * one) + 1e-6)) for most, one in quotas if most is not None and one]
    return min(bounds, default=None)


def _amounts(each: Share) -> tuple[tuple[float, str], ...]:
    return (each.num_gpus, "GPU"), (each.num_cpus, "CPU")


def _room(inside: bool, sharing: int, available: Mapping[str, float]) -> int:
    """Count the cells that CPUs and GPUs are enough for: a process for each CPU, on machines with GPUs only
    where there are any."""
    nodes = Machines.of(available).nodes
    gpus = any(node.get("GPU", 0.0) >= 1 for node in nodes)
    each = _CELLS_OF_A_GPU if inside else 1
    cpus = [int(node.get("CPU", 1.0 if len(nodes) == 1 else 0.0)) for node in nodes]
    places = [
        min(count, each * int(node.get("GPU", 0.0))) if gpus else count
        for count, node in zip(cpus, nodes, strict=True)
    ]
    return sum(places) // sharing


def _memory(available: Mapping[str, float]) -> float:
    return available.get("memory", 2.0**62)
