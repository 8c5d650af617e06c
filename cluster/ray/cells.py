"""Cells, a coordinator and its panel; shards are leased to them until every search is recorded."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.ray_mining import CoordinatorActor
from outvoted.actors.mining.recorder import RecorderActor
from outvoted.actors.mining.shards import Progress
from outvoted.actors.networks.computing import Arithmetic
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.ray_panel import PeerActor, RayPanel
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.placement import PlacementSettings, Share
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Lease

_PLACING_SECONDS = 60
_PEER: Any = PeerActor
_COORDINATOR: Any = CoordinatorActor


@dataclass(frozen=True)
class Placed:
    """A panel's members, the referee and the images, as references into the object store; how all compute.

    Kept for as long as actors may restart: a restarted actor is made from them again.
    """

    names: tuple[str, ...]
    peers: tuple[Any, ...]
    referee: Any
    images: Any
    arithmetic: Arithmetic


@dataclass(frozen=True)
class Cell:
    """Handles of one coordinator and its peers."""

    coordinator: Any
    peers: tuple[Any, ...]

    @property
    def panel(self) -> RayPanel:
        """The cell's panel, as seen from this process."""
        return RayPanel(self.peers)


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
    placement: PlacementSettings,
    share: Share,
    rules: Rules,
    members: Sequence[Member],
    images: Images,
    arithmetic: Arithmetic,
) -> Iterator[list[Cell]]:
    """Have all cells within the block; seeds are placed in the object store once for each machine."""
    placed = _place(members, images, arithmetic)
    groups = [_group(share, len(placed.peers)) for _ in range(placement.cells)]
    cells: list[Cell] = []
    try:
        _await(groups)
        for group in groups:
            cells.append(_start(placement, share, rules, placed, group))
        yield cells
    finally:
        for cell in cells:
            for actor in (cell.coordinator, *cell.peers):
                ray.kill(actor)
        for group in groups:
            remove_placement_group(group)


def _place(members: Sequence[Member], images: Images, arithmetic: Arithmetic) -> Placed:
    peers = [member for member in members if member.role == "peer"]
    referee = next((member for member in members if member.role == "referee"), None)
    return Placed(
        names=tuple(member.name for member in peers),
        peers=tuple(ray.put(member) for member in peers),
        referee=ray.put(referee),
        images=ray.put(images),
        arithmetic=arithmetic,
    )


def _start(placement: PlacementSettings, share: Share, rules: Rules, placed: Placed, group: Any) -> Cell:
    """Start one cell's actors; the coordinator needs no share and stands beside the first peer."""

    def options(bundle: int, num_cpus: float, num_gpus: float) -> dict[str, Any]:
        strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
        return {"num_cpus": num_cpus, "num_gpus": num_gpus, "scheduling_strategy": strategy}

    peers = tuple(
        _PEER.options(**options(bundle, share.num_cpus, share.num_gpus)).remote(
            rules.transform, (peer, placed.images), placed.arithmetic
        )
        for bundle, peer in enumerate(placed.peers)
    )
    coordinator = _COORDINATOR.options(
        **options(0, 0, 0), max_concurrency=placement.shards_in_flight + 1
    ).remote(rules, peers, placed.names, (placed.referee, placed.images), placed.arithmetic)
    return Cell(coordinator, peers)


def _group(share: Share, peers: int) -> Any:
    resources = {"CPU": share.num_cpus, "GPU": share.num_gpus}
    wanted = {name: amount for name, amount in resources.items() if amount} or {"CPU": 0.0001}
    return placement_group([wanted] * peers, strategy="PACK")


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


_GLANCE_SECONDS = 0.5


@dataclass(frozen=True)
class Live:
    """Searches that have ended in shards under way, and the mistakes among them, not yet verified."""

    searches: int
    mistakes: int


def lease(
    cells: Sequence[Cell],
    recorder: Any,
    leases: Iterator[Lease],
    in_flight: int,
    report: Callable[[Progress, Live], object],
) -> None:
    """Keep every cell at ``in_flight`` shards. Rows go from coordinator to recorder, not by way of here.

    ``report`` hears now and then how much is recorded, and what is found in shards under way.

    Raises:
        OutvotedError: the recorder cannot write.
    """
    running: dict[Any, Cell] = {}

    def start(cell: Cell) -> None:
        lease = next(leases, None)
        if lease is not None:
            running[recorder.record.remote(cell.coordinator.mine.remote(lease))] = cell

    for _ in range(in_flight):
        for cell in cells:
            start(cell)
    recorded: Progress = result(recorder.progress.remote())
    report(recorded, Live(0, 0))
    while running:
        ended, _ = ray.wait(list(running), num_returns=1, timeout=_GLANCE_SECONDS)
        for call in ended:
            cell = running.pop(call)
            recorded = max(recorded, result(call), key=lambda progress: progress.searches)  # in any order
            start(cell)
        report(recorded, _live(cells))


def _live(cells: Sequence[Cell]) -> Live:
    """Ask the coordinators what is under way; one that is busy or restarting counts for nothing."""
    calls = [cell.coordinator.live.remote() for cell in cells]
    answered, _ = ray.wait(calls, num_returns=len(calls), timeout=_GLANCE_SECONDS)
    ended = found = 0
    for call in answered:
        try:
            more, fresh = ray.get(call)
        except RayError:
            continue
        ended, found = ended + more, found + fresh
    return Live(ended, found)
