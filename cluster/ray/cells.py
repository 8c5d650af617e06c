"""Cells: a coordinator with a panel, in one process or in several, placed on the machines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.ray_mining import CellActor, CellPanel, Peers, PeersInside, PeersOutside
from outvoted.actors.mining.recorder import RecorderActor
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.ray_panel import PeerActor
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Share
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError

_PLACING_SECONDS = 60
_PEER: Any = PeerActor
_CELL: Any = CellActor


@dataclass(frozen=True)
class Placed:
    """A panel's members, the referee and the images, as references into the object store.

    Kept for as long as actors may restart: a restarted actor is made from them again.
    """

    names: tuple[str, ...]
    peers: tuple[Any, ...]
    referee: Any
    images: Any
    batch: Batch


@dataclass(frozen=True)
class Cell:
    """Handles of a cell's actor, and of its peers' where they have any."""

    actor: Any
    peers: tuple[Any, ...]
    panel: CellPanel


def here() -> dict[str, Any]:
    """Return the options of an actor on this machine, where the run's folder is; it takes no share."""
    node = ray.get_runtime_context().get_node_id()
    return {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


@contextmanager
def running_recorder(path: Path) -> Iterator[Any]:
    """Have a recorder on this machine, where the run's folder is, within the block."""
    recorder = RecorderActor.options(**here()).remote(path.resolve())
    try:
        yield recorder
        ray.get(recorder.close.remote())
    finally:
        ray.kill(recorder)


@contextmanager
def running_cells(
    layout: Layout,
    rules: Rules,
    members: Sequence[Member],
    images: Images,
    recorder: Any,
    batch: Batch,
) -> Iterator[list[Cell]]:
    """Have all cells within the block; seeds are placed in the object store once for each machine."""
    placed = _place(members, images, batch)
    groups = [_group(layout) for _ in range(layout.cells)]
    cells: list[Cell] = []
    try:
        _await(groups)
        for group in groups:
            cells.append(_start(layout, rules, placed, recorder, group))
        yield cells
    finally:
        for cell in cells:
            for actor in (cell.actor, *cell.peers):
                ray.kill(actor)
        for group in groups:
            remove_placement_group(group)


def _place(members: Sequence[Member], images: Images, batch: Batch) -> Placed:
    peers = [member for member in members if member.role == "peer"]
    referee = next((member for member in members if member.role == "referee"), None)
    return Placed(
        names=tuple(member.name for member in peers),
        peers=tuple(ray.put(member) for member in peers),
        referee=ray.put(referee),
        images=ray.put(images),
        batch=batch,
    )


def _start(layout: Layout, rules: Rules, placed: Placed, recorder: Any, group: Any) -> Cell:
    """Start one cell's actors; a coordinator beside peers of their own needs no share."""
    bundles = iter(range(layout.processes))

    def options(share: Share) -> dict[str, Any]:
        where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=next(bundles, 0))
        return {"num_cpus": share.num_cpus, "num_gpus": share.num_gpus, "scheduling_strategy": where}

    actors: tuple[Any, ...] = ()
    peers: Peers = PeersInside(placed.peers)
    if not layout.inside:
        actors = tuple(
            _PEER.options(**options(layout.share)).remote(
                rules.transform, (peer, placed.images), placed.batch
            )
            for peer in placed.peers
        )
        peers = PeersOutside(actors)
    share = layout.share if layout.inside else Share(0, 0)
    actor = _CELL.options(**options(share), max_concurrency=layout.shards_in_flight + 2).remote(
        rules, peers, placed.names, (placed.referee, placed.images), recorder, placed.batch
    )
    return Cell(actor, actors, CellPanel(actor, len(placed.peers)))


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
