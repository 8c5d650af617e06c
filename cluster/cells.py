"""Cells: a coordinator and its panel, placed together; and the lease of shards to them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayTaskError
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy

from outvoted.actors import shell
from outvoted.actors.members import Member
from outvoted.actors.progress import Progress
from outvoted.actors.ray_panel import RayPanel
from outvoted.cluster.placement import PlacementSettings, Share
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.plan import Shard

_PLACING_SECONDS = 60
_PEER: Any = shell.PeerActor
_COORDINATOR: Any = shell.CoordinatorActor
_RECORDER: Any = shell.RecorderActor


@dataclass(frozen=True)
class Cell:
    """Handles of one coordinator and its peers."""

    coordinator: Any
    peers: tuple[Any, ...]
    placed: tuple[Any, ...]
    """What the actors were made from; held here so that a restarted actor finds it."""

    @property
    def panel(self) -> RayPanel:
        """The cell's panel, as seen from this process."""
        return RayPanel(self.peers)


def start_recorder(path: Path, peers: int) -> Any:
    """Start the recorder on this machine, where the run's folder is."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return _RECORDER.options(num_cpus=0, scheduling_strategy=here).remote(path.resolve(), peers)


def start_cells(
    placement: PlacementSettings, share: Share, rules: Rules, found: Sequence[Member], images: shell.Images
) -> list[Cell]:
    """Start all cells; seeds are placed in the object store once for each machine."""
    placed = ray.put(images)
    peers = [member for member in found if member.role == "peer"]
    weights = [ray.put(member) for member in peers]
    referee = ray.put(next((member for member in found if member.role == "referee"), None))
    groups = [_group(share, len(peers)) for _ in range(placement.cells)]
    _await(groups)
    cells = []
    for group in groups:
        # The coordinator takes the first peer's place too: it needs no share of its own.
        def at(bundle: int, group: Any = group) -> PlacementGroupSchedulingStrategy:
            return PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)

        handles = tuple(
            _PEER.options(
                num_cpus=share.num_cpus, num_gpus=share.num_gpus, scheduling_strategy=at(bundle)
            ).remote(rules.transform, (member, placed))
            for bundle, member in enumerate(weights)
        )
        coordinator = _COORDINATOR.options(
            num_cpus=0, max_concurrency=placement.shards_in_flight, scheduling_strategy=at(0)
        ).remote(rules, handles, [member.name for member in peers], (referee, placed))
        cells.append(Cell(coordinator, handles, (placed, referee, *weights)))
    return cells


def lease(
    cells: Sequence[Cell],
    recorder: Any,
    shards: Iterator[Shard],
    in_flight: int,
    report: Callable[[Progress], object],
) -> None:
    """Lease shards to cells until all are recorded. Rows go from coordinator to recorder, not by way of here.

    Raises:
        OutvotedError: the recorder cannot write.
    """
    running: dict[Any, Cell] = {}

    def start(cell: Cell) -> None:
        shard = next(shards, None)
        if shard is not None:
            running[recorder.record.remote(cell.coordinator.mine.remote(shard))] = cell

    for _ in range(in_flight):
        for cell in cells:
            start(cell)
    while running:
        (ended,), _ = ray.wait(list(running), num_returns=1)
        cell = running.pop(ended)
        report(result(ended))
        start(cell)


def result(call: Any) -> Any:
    """Wait for a call; an error that its user can mend arrives as itself."""
    try:
        return ray.get(call)
    except RayTaskError as error:
        if isinstance(error.cause, OutvotedError):
            raise error.cause from None
        raise


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
