"""A cell on Ray: a coordinator with a panel, in one process or in several, placed on the machines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, PlacementGroupSchedulingStrategy
from rich.console import Console

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.at_home import Address
from outvoted.actors.mining.ray_mining import CellActor, Opening, Peers, PeersInside, PeersOutside
from outvoted.actors.mining.recorder import RecorderActor
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.later import Retries
from outvoted.actors.panel.ray_panel import PeerActor
from outvoted.actors.runs import same_place
from outvoted.actors.runs.fence import guard_of
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.cluster.console.terminal import warn_if
from outvoted.cluster.ray.calls import answered, result, within
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Share
from outvoted.search.climb import Rules
from outvoted.search.plan import Lease

_PEER: Any = PeerActor
_CELL: Any = CellActor
_CLOSING_SECONDS = 30.0
_KILLING_SECONDS = 5.0


class Cell:
    """The processes of a cell: first they wait for room, then start, then are given a panel.

    Ray starts none of its processes again but those of peers: whoever watches over cells starts another cell.
    """

    def __init__(self, layout: Layout) -> None:
        """Ask for room; processes start once there is some."""
        self._layout = layout
        self._group = _group(layout)
        self.placed = self._group.ready()
        share = layout.share if layout.inside else Share(0, 0)
        options = _options(share, self._group, 0)
        self.actor = _CELL.options(**options, max_concurrency=layout.shards_in_flight + 2).remote()
        self.peers: tuple[Any, ...] = ()

    def furnish(self, contents: "CellContents") -> Any:
        """Give it its panel; return the call, whose result is the address of its machine."""
        where: Peers = PeersInside(contents.peers)
        if not self._layout.inside:
            self.peers = tuple(
                _PEER.options(**_options(self._layout.share, self._group, bundle)).remote(
                    contents.rules.transform, (peer, contents.seeds), contents.batch
                )
                for bundle, peer in enumerate(contents.peers)
            )
            where = PeersOutside(self.peers)
        placed = (contents.referee, contents.seeds)
        opening = Opening(
            contents.rules,
            where,
            contents.names,
            placed,
            contents.meter,
            contents.batch,
            contents.retries,
            contents.home,
        )
        return self.actor.open.remote(opening)

    def mine(self, lease: Lease) -> tuple[Any, Any]:
        """Have it run a shard; return two calls: what came of it in numbers, and the rows."""
        told, rows = self.actor.mine.remote(lease)
        return told, rows

    def pulse(self) -> Any:
        """Ask how it is; it answers also while it computes."""
        return self.actor.pulse.remote()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Put something to its panel; return the call."""
        return getattr(self.actor, method).remote(*arguments)

    def kill(self) -> None:
        """End its processes."""
        with suppress(Exception):
            for actor in (self.actor, *self.peers):
                ray.kill(actor)

    def end(self) -> None:
        """End its processes, and give back their room; where Ray is ending as well, that is done anyway."""
        self.kill()
        with suppress(Exception):
            remove_placement_group(self._group)


@dataclass(frozen=True)
class CellContents:
    """What cells are opened with, as object references, which are kept for as long as cells may be started.

    Attributes:
        names: the peers', in the panel's order.
        home: the run's folder: cells that see it write their shards there.
    """

    rules: Rules
    names: tuple[str, ...]
    peers: tuple[Any, ...]
    referee: Any
    seeds: Any
    batch: Batch
    retries: Retries
    meter: Meter
    home: Address | None

    @staticmethod
    def placed(
        rules: Rules,
        members: Sequence[Member],
        images: Images,
        batch: Batch,
        retries: Retries,
        meter: Meter,
        home: Address | None = None,
    ) -> "CellContents":
        """Place networks and seeds in the object store, once for each machine."""
        peers = [member for member in members if member.role == "peer"]
        referee = next((member for member in members if member.role == "referee"), None)
        names = tuple(peer.name for peer in peers)
        placed = tuple(ray.put(peer) for peer in peers)
        seeds = ray.put(images)
        return CellContents(rules, names, placed, ray.put(referee), seeds, batch, retries, meter, home)


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
        yield recorder
        say_unwatched(recorder, console)
    finally:
        end_recorder(recorder)


def say_unwatched(recorder: Any, console: Console) -> None:
    """Have a recorder close TensorBoard's files, and say what these could not show."""
    late = "TensorBoard's last rows are missing: the recorder did not answer; no result is missing"
    warn_if(console, answered(recorder.close.remote(), _CLOSING_SECONDS, late))


def end_recorder(recorder: Any) -> None:
    """End a recorder's process; a cluster that doesn't answer is not waited for."""
    within(_KILLING_SECONDS, partial(ray.kill, recorder))


def _options(share: Share, group: Any, bundle: int) -> dict[str, Any]:
    where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
    return {"num_cpus": share.num_cpus, "num_gpus": share.num_gpus, "scheduling_strategy": where}


def _group(layout: Layout) -> Any:
    return placement_group([bundle(layout.share)] * layout.processes, strategy="PACK")


def bundle(share: Share) -> dict[str, float]:
    """Return a share as what Ray is asked for."""
    resources = {"CPU": share.num_cpus, "GPU": share.num_gpus}
    return {name: amount for name, amount in resources.items() if amount} or {"CPU": 0.0001}
