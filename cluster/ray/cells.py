"""Cells: a coordinator with a panel, in one process or in several, placed on the machines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy
from rich.console import Console

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.ray_mining import (
    CellActor,
    CellPanel,
    Opening,
    Peers,
    PeersInside,
    PeersOutside,
)
from outvoted.actors.mining.recorder import RecorderActor
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.ray_panel import PeerActor, Placed
from outvoted.actors.runs import same_place
from outvoted.actors.runs.fence import guard_of
from outvoted.cluster.console.terminal import warn_if
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Share
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Lease
from outvoted.search.transforms import Transform

_PLACING_SECONDS = 60
_PEER: Any = PeerActor
_CELL: Any = CellActor


@dataclass(frozen=True)
class Cell:
    """Handles of a cell's actor, of its peers' where they have any, and of what it is opened with.

    They are kept for as long as actors may restart: a restarted one is made from the same references again.
    """

    actor: Any
    peers: tuple[Any, ...]
    opener: Any
    panel: CellPanel

    def mine(self, lease: Lease) -> Any:
        """Have it run a shard; return the call."""
        return self.actor.mine.remote(self.opener, lease)


def here() -> dict[str, Any]:
    """Return the options of an actor on this machine, where the run's folder is; it takes no share."""
    node = ray.get_runtime_context().get_node_id()
    return {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


def check_same_place(path: Path, recorder: Any) -> None:
    """Make sure, before there is anything to record, that a recorder writes where this process reads.

    Raises:
        OutvotedError: its process sees another file system.
    """
    question = same_place.ask(path)
    same_place.check(path, question, result(recorder.answer.remote()))


@contextmanager
def running_recorder(path: Path, console: Console) -> Iterator[Any]:
    """Have a recorder on this machine, where the run's folder is, within the block.

    In the end it is said what TensorBoard could not show.
    """
    guard = guard_of(path)
    recorder = RecorderActor.options(**here()).remote(path.resolve(), guard and guard.resolved())
    try:
        check_same_place(path, recorder)
        yield recorder
        warn_if(console, ray.get(recorder.close.remote()))
    finally:
        ray.kill(recorder)


@contextmanager
def running_cells(layout: Layout, networks: int) -> Iterator["Cells"]:
    """Have the processes of all cells within the block.

    Args:
        networks: how many are to be trained before cells are opened. Cells of one process train them, unless
            other processes could train more at a time.
    """
    cells = Cells(layout)
    try:
        if layout.inside and layout.cells >= min(networks, int(ray.cluster_resources().get("CPU", 1))):
            cells.start()
        yield cells
    finally:
        cells.end()


class Cells:
    """The cells of a run: first processes, then what is opened there."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._groups: list[Any] = []
        self._actors: list[Any] = []
        self._peers: list[Any] = []
        self._kept: tuple[Any, ...] = ()  # what actors are made from again, should they die

    @property
    def trainers(self) -> tuple[Any, ...]:
        """The cells as what trains networks; none where they start when they are opened."""
        return tuple(actor.train for actor in self._actors)

    def start(self) -> None:
        """Start a process for each cell, placed on the machines; a coordinator beside peers needs no share.

        Raises:
            OutvotedError: there is no room for them.
        """
        layout = self._layout
        self._groups = [_group(layout) for _ in range(layout.cells)]
        _await(self._groups)
        share = layout.share if layout.inside else Share(0, 0)
        for group in self._groups:
            options = _options(share, group, 0)
            self._actors.append(
                _CELL.options(**options, max_concurrency=layout.shards_in_flight + 2).remote()
            )

    def open(
        self, rules: Rules, members: Sequence[Member], images: Images, recorder: Any, batch: Batch
    ) -> list[Cell]:
        """Give each cell its panel; seeds are placed in the object store once for each machine.

        Raises:
            OutvotedError: there is no room for cells that were not started.
        """
        if not self._actors:
            self.start()
        peers = [member for member in members if member.role == "peer"]
        referee = next((member for member in members if member.role == "referee"), None)
        placed, seeds, judge = [ray.put(peer) for peer in peers], ray.put(images), ray.put(referee)
        self._kept = (*placed, seeds)
        cells = []
        for actor, group in zip(self._actors, self._groups, strict=True):
            outside: tuple[Any, ...] = ()
            where: Peers = PeersInside(tuple(placed))
            if not self._layout.inside:
                outside = self._outside(group, rules.transform, [(peer, seeds) for peer in placed], batch)
                where = PeersOutside(outside)
            names = tuple(peer.name for peer in peers)
            opener = (ray.put(Opening(rules, where, names, (judge, seeds), recorder, batch)),)
            cells.append(Cell(actor, outside, opener, CellPanel(actor, opener, len(peers))))
            actor.open.remote(opener)  # all at the same time, though one is asked first
        return cells

    def _outside(
        self, group: Any, transform: Transform, peers: Sequence[Placed], batch: Batch
    ) -> tuple[Any, ...]:
        """Start an actor for each peer of a cell."""
        actors = tuple(
            _PEER.options(**_options(self._layout.share, group, bundle)).remote(transform, peer, batch)
            for bundle, peer in enumerate(peers)
        )
        self._peers += actors
        return actors

    def end(self) -> None:
        """End all processes."""
        for actor in (*self._actors, *self._peers):
            ray.kill(actor)
        for group in self._groups:
            remove_placement_group(group)


def _options(share: Share, group: Any, bundle: int) -> dict[str, Any]:
    where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
    return {"num_cpus": share.num_cpus, "num_gpus": share.num_gpus, "scheduling_strategy": where}


def _group(layout: Layout) -> Any:
    share = layout.share
    resources = {"CPU": share.num_cpus, "GPU": share.num_gpus}
    wanted = {name: amount for name, amount in resources.items() if amount} or {"CPU": 0.0001}
    return placement_group([wanted] * layout.processes, strategy="PACK")


def _await(groups: Sequence[Any]) -> None:
    calls = [group.ready() for group in groups]
    _, waiting = ray.wait(calls, num_returns=len(calls), timeout=_PLACING_SECONDS)
    if waiting:
        free = {name: round(ray.available_resources().get(name, 0.0), 2) for name in ("CPU", "GPU")}
        raise OutvotedError(
            expected=f"room for {len(groups)} cells within {_PLACING_SECONDS} s",
            found=f"{len(waiting)} cells still waiting; free on the cluster: {free}",
            remedy="wait for the cluster's other work to end, or lower cluster.cells or cluster.num_cpus",
        )
