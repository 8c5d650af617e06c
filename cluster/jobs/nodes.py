"""What a run of mining takes on so many machines, and what holds it up first: arithmetic on a measurement.

Nothing is measured on the machines that are asked about: a thread here is taken for a process there,
``speed`` times as fast. What the constants below were measured on stands in docs/performance.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from outvoted.actors.panel.cost import Cost
from outvoted.cluster.ray.layout import Layout, PlacementSettings, layout
from outvoted.cluster.ray.placement import PROCESS_BYTES, Machines

BYTES_OF_A_WEIGHT = 12
"""In single and in double precision."""
RAY_BYTES = 490 << 20
"""Ray's own processes on a machine."""
LEADING_BYTES = 500 << 20
"""The driver and the recorder, on the first machine."""
GPU_BYTES = 500 << 20
"""CUDA's context in a process; an assumption."""
START_SECONDS = 8.0
"""Ray's start, and that of processes that import PyTorch, one to a CPU."""
DRIVER_SECONDS = 0.0005
"""Of the driver's CPU for a shard."""
WATCHING_SECONDS = 0.0012
"""Of its CPU, each second, for each cell that it watches over."""
BUSY_PEERS = 1.35
"""Networks of a cell that compute at a time where each has its own process: voters are asked in turn."""


@dataclass(frozen=True)
class Machine:
    """What each machine has; memory in bytes, its network in bytes a second."""

    cpus: float
    gpus: float = 0.0
    memory: float = 2.0**62
    network: float = 10e9 / 8

    def times(self, nodes: int) -> Machines:
        """Return so many of them."""
        there = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        return Machines([{name: amount for name, amount in there.items() if amount}] * nodes)


@dataclass(frozen=True)
class MeasuredRun:
    """A run, and what was measured of it on one thread here.

    Attributes:
        searches: of the whole run; ``shard`` of them are leased and recorded together.
        search_seconds: for a search.
        training_seconds: for each network that is to be trained, by its name.
        seed_seconds: for what all networks say of all seeds; one cell is asked before shards are leased.
        record_seconds: of the recorder, for a shard.
        round_questions: bytes of questions and answers, both ways, for a call to the panel by one shard.
        sent: bytes of a search's rows and lease, between cell, driver and recorder.
        parquet: bytes of a search's rows on the disk.
        images: bytes of the images that every machine holds; 0 where they stay on disk.
        shard_images: bytes of a shard's, which its cell then holds while it is mined, and before.
        activations: bytes that the largest layer of a network reads and writes for a batch.
    """

    searches: int
    shard: int
    search_seconds: float
    training_seconds: Mapping[str, float]
    seed_seconds: float
    record_seconds: float
    round_questions: float
    sent: float
    parquet: float
    images: float
    shard_images: float = 0.0
    activations: float = 0.0

    @property
    def shards(self) -> int:
        """How many there are."""
        return math.ceil(self.searches / self.shard)


@dataclass(frozen=True)
class NodePlan:
    """A run on so many machines.

    Attributes:
        cells: of the run, on all machines; ``searches`` are those of the whole run.
        seconds: of each part; they follow each other.
        mining: seconds in which each of those that work at the same time would be through with mining; the
            slowest of them sets the time.
        binds: what takes the largest part of the time, in words.
        memory: bytes of a ``process``, of all on a ``machine``, and on the ``first machine``, which has
            driver and recorder too.
        gpu_memory: bytes of a ``process``, and of all that share a ``GPU``.
        traffic: bytes to each machine at the ``start`` (images and networks); to and from the first one ``a
            second``; ``a round`` of questions between a coordinator and its networks, 0 within a process.
        parquet: bytes on the disk, of the whole run.
    """

    nodes: int
    cells: int
    searches: int
    seconds: Mapping[str, float]
    mining: Mapping[str, float]
    binds: str
    memory: Mapping[str, float]
    gpu_memory: Mapping[str, float]
    traffic: Mapping[str, float]
    parquet: float

    @property
    def total(self) -> float:
        """Seconds of the whole run."""
        return sum(self.seconds.values())

    def load(self, worker: str) -> float:
        """Return the share of mining's time in which one of those in ``mining`` is busy."""
        watching = WATCHING_SECONDS * self.cells if worker == "driver" else 0.0
        return min(1.0, self.mining[worker] / self.seconds["mining"] + watching)


@dataclass(frozen=True)
class MinedRun:
    """What is mined, and how it is placed; ``weights`` are those of all networks, the referee's too."""

    run: MeasuredRun
    settings: PlacementSettings
    peers: int
    cost: Cost
    weights: int


def node_plan(mined: MinedRun, machine: Machine, nodes: int, speed: float = 1.0) -> NodePlan:
    """Say what a run takes on ``nodes`` machines.

    Args:
        mined: a number of cells that its settings give stays as it is.
        speed: how many times as fast as a thread here a process is there.

    Raises:
        OutvotedError: the cells that are asked for don't fit.
    """
    run = mined.run
    cells = layout(mined.settings, mined.peers, mined.cost, machine.times(nodes))
    mining = _mining(run, cells, machine, nodes, speed)
    seconds = {
        "start": START_SECONDS,
        "training": _training(run, nodes * machine.cpus) / speed,
        "seeds": run.seed_seconds / speed,
        "mining": max(mining.values()),
    }
    return NodePlan(
        nodes,
        cells.cells,
        run.searches,
        seconds,
        mining,
        _binds(mined, cells, seconds, mining),
        _memory(mined, cells, nodes),
        _gpu_memory(mined, cells, nodes * machine.gpus),
        _traffic(mined, cells, seconds["mining"]),
        run.searches * run.parquet,
    )


def _training(run: MeasuredRun, cpus: float) -> float:
    """Return the seconds until all networks are trained, each on one CPU."""
    each = run.training_seconds.values()
    return max(max(each), sum(each) / min(max(1.0, cpus), len(each))) if each else 0.0


def _mining(run: MeasuredRun, cells: Layout, machine: Machine, nodes: int, speed: float) -> dict[str, float]:
    """Return how long each of those who mine at the same time would take alone."""
    sharing = min(1.0, nodes * machine.cpus / (cells.cells * cells.processes))
    at_a_time = 1.0 if cells.inside else min(BUSY_PEERS, cells.peers)
    of_one = math.ceil(run.searches / cells.cells)  # shards are cut so that cells end together
    return {
        "cells": of_one * run.search_seconds / (speed * sharing * at_a_time),
        "driver": run.shards * DRIVER_SECONDS / speed,
        "recorder": run.shards * run.record_seconds / speed,
        "network": run.searches * run.sent / machine.network,
    }


def _binds(mined: MinedRun, cells: Layout, seconds: Mapping[str, float], mining: Mapping[str, float]) -> str:
    """Name what takes the largest part of the time."""
    part = max(seconds, key=lambda name: seconds[name])
    if part != "mining":
        each = mined.run.training_seconds
        longest = max(each, key=lambda name: each[name]) if each else ""
        return {"start": "starting", "training": f"training {longest}", "seeds": "asking about seeds"}[part]
    slowest = max(mining, key=lambda name: mining[name])
    if slowest != "cells":
        return f"the {slowest}"
    if cells.cells == cells.most:
        return "cluster.cells" if mined.settings.cells == cells.most else "the quota"
    return "networks"


def _memory(mined: MinedRun, cells: Layout, nodes: int) -> dict[str, float]:
    """Add up what a machine's processes take."""
    seeds = (cells.shards_in_flight + 1) * mined.run.shard_images
    process = PROCESS_BYTES + _of_weights(mined, cells) + seeds
    coordinators = 0 if cells.inside else PROCESS_BYTES
    here = math.ceil(cells.cells / nodes) * (cells.processes * process + coordinators)
    machine = here + mined.run.images + RAY_BYTES
    return {"process": process, "machine": machine, "first machine": machine + LEADING_BYTES}


def _gpu_memory(mined: MinedRun, cells: Layout, gpus: float) -> dict[str, float]:
    """Add up what the processes on a GPU take of its memory; nothing without GPUs."""
    if not gpus:
        return {"process": 0.0, "GPU": 0.0}
    process = GPU_BYTES + _of_weights(mined, cells) + mined.run.activations
    return {"process": process, "GPU": process * math.ceil(cells.cells * cells.processes / gpus)}


def _of_weights(mined: MinedRun, cells: Layout) -> float:
    """Return the bytes of the networks that a process holds."""
    return BYTES_OF_A_WEIGHT * mined.weights / (1 if cells.inside else mined.peers)


def _traffic(mined: MinedRun, cells: Layout, seconds: float) -> dict[str, float]:
    run = mined.run
    together = min(cells.shards_in_flight, math.ceil(run.shards / cells.cells))
    return {
        "start": run.images + 4.0 * mined.weights,
        "a second": run.searches * run.sent / seconds,
        "a round": 0.0 if cells.inside else together * run.round_questions,
    }
