"""Mining on Ray: a cell as an actor, its requests batched."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray

from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.mining.asking import Ask, RequestBatcher, taking_turns
from outvoted.actors.mining.at_home import Address
from outvoted.actors.mining.coordinator import Coordinator, Verdict
from outvoted.actors.mining.ray_seeds import SeedsAhead
from outvoted.actors.mining.shards import Live, Mined, ShardResult
from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.computing import (
    busy_seconds,
    give_back_freed_memory,
    keep_freed_memory,
    use_one_thread,
)
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.inside import PanelInside
from outvoted.actors.panel.later import LaterPanel, PatientPanel, Retries
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.ray_panel import Placed, RayPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.actors.training.ray_work import Sign, with_signs
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import Epoch, trained_or_measured
from outvoted.search.arrays import Pixels, Singles, Texts
from outvoted.search.climb import Rules, ShardState
from outvoted.search.messages import Questions, Replies
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Lease


@dataclass(frozen=True)
class Vitals:
    """How a cell is.

    Attributes:
        beats: answers of its panel so far.
        cpu_seconds: for which each of its processes has computed so far, or waited for a CPU.
        live: how far each of its shards under way is, by the shard's name.
    """

    beats: int = 0
    cpu_seconds: tuple[float, ...] = ()
    live: Mapping[str, Live] = field(default_factory=dict)


class Peers(ABC):
    """Where a cell's peers are."""

    @abstractmethod
    def panel(self, rules: Rules, images: Images, batch: Batch) -> LaterPanel:
        """Return them as a panel."""

    @abstractmethod
    def asking(self, panel: LaterPanel) -> Ask:
        """Return what puts the questions of many shards to the panel, and has peers take turns."""

    @abstractmethod
    async def cpu_seconds(self) -> tuple[float, ...]:
        """Return what each process of their own has computed so far, once all have said so."""


@dataclass(frozen=True)
class PeersInside(Peers):
    """In the cell's own process, made from references of members: they answer when they are asked."""

    members: tuple[Any, ...]

    def panel(self, rules: Rules, images: Images, batch: Batch) -> LaterPanel:
        """Build all networks."""
        # no limit: whoever opens or asks this process watches over it
        networks = [member.build(images.shape, images.classes) for member in ray.get(list(self.members))]
        renderer = Renderer(rules.transform, images.seeds)
        peers = [Peer(network, renderer, batch) for network in networks]
        for peer in peers:
            with suppress(Exception):  # of any class: the network is the user's, and is asked again
                peer.open()
        return PanelInside(LocalPanel(peers), renderer.seeds)

    def asking(self, panel: LaterPanel) -> Ask:
        """Have each peer take its turn for all shards together, while nothing else goes on anyway."""
        return RequestBatcher(taking_turns(panel.ask), 1).ask

    async def cpu_seconds(self) -> tuple[float, ...]:
        """Return nothing: the cell counts its own process."""
        return ()


@dataclass(frozen=True)
class PeersOutside(Peers):
    """Each in an actor of its own."""

    actors: tuple[Any, ...]

    def panel(self, rules: Rules, images: Images, batch: Batch) -> LaterPanel:
        """Return the panel of the actors."""
        return RayPanel(self.actors)

    def asking(self, panel: LaterPanel) -> Ask:
        """Have peers take turns for each shard by itself, so that several are busy with different ones."""
        return taking_turns(RequestBatcher(panel.ask, 2).ask)

    async def cpu_seconds(self) -> tuple[float, ...]:
        """Ask all actors at once; while one stands still there is no answer."""
        return tuple(await asyncio.gather(*(actor.cpu_seconds.remote() for actor in self.actors)))


@dataclass(frozen=True)
class Opening:
    """What a cell is opened with.

    Attributes:
        names: the peers', in the panel's order.
        placed: the referee, or None, and the images.
        meter: measures how long shards take.
        retries: how often what a peer fails to answer is put to it again.
        home: the run's folder; None where all rows go to the recorder.
    """

    rules: Rules
    peers: Peers
    names: tuple[str, ...]
    placed: Placed
    meter: Meter
    batch: Batch = "auto"
    retries: Retries = field(default_factory=Retries)
    home: Address | None = None


class _Opened:
    """A coordinator and the referee, with the peers beside them or in other processes.

    Runs several shards at a time, and knows how far they are.
    """

    def __init__(self, opening: Opening) -> None:
        rules = opening.rules
        # no limit: whoever opens or asks this process watches over it
        referee, images = ray.get(list(opening.placed))
        judge = None
        if referee is not None:
            network = referee.build(images.shape, images.classes)
            judge = Peer(network, Renderer(rules.transform, images.seeds), opening.batch)
        self.panel = PatientPanel(opening.peers.panel(rules, images, opening.batch), opening.retries)
        self.seeds = SeedsAhead(images.seeds, self.panel)
        self._ask = opening.peers.asking(self.panel)
        self._coordinator = Coordinator(rules, images.seeds, opening.names, judge)
        self._peers = opening.peers
        self._outcomes: dict[str, Texts] = {}
        self._meter = opening.meter
        self._home = None if opening.home is None else opening.home.home()

    async def pulse(self) -> Vitals:
        """Say how it is; another thread may ask."""
        elsewhere = await self._peers.cpu_seconds()
        live = {name: Live.of(outcomes) for name, outcomes in self._outcomes.copy().items()}
        return Vitals(self.panel.beats, (busy_seconds(), *elsewhere), live)

    async def mine(self, lease: Lease) -> Mined:
        """Run a shard; again, where a peer's bound proves too small meanwhile."""
        began = time.monotonic()
        try:
            async with self.seeds.at_hand(lease.shard.name, lease.shard.seed_id):
                while True:
                    before, result = await self.panel.widened(), await self._mined(lease)
                    if await self.panel.widened() == before:
                        self._meter.observe("shard_seconds", time.monotonic() - began)
                        return await self._kept(result)
        finally:
            self._outcomes.pop(lease.shard.name, None)
            give_back_freed_memory()

    async def _kept(self, result: ShardResult) -> Mined:
        """Write a shard into the run's folder, if that is seen from here, while others go on."""
        return result if self._home is None else await asyncio.to_thread(self._home.kept, result)

    async def _mined(self, lease: Lease) -> ShardResult:
        name = lease.shard.name

        def watch(climb: ShardState) -> None:
            self._outcomes[name] = climb.outcome  # counted when somebody asks: there are hundreds of steps

        steps = self._coordinator.steps(lease, watch)
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Questions):
                    asked = steps.send(await self._ask(asked))
                else:
                    asked = steps.send(await self._judge(asked))
        except StopIteration as end:
            result: ShardResult = end.value
            return result

    async def _judge(self, found: FoundImages) -> Verdict:
        """Have panel and referee judge at the same time, and other shards go on meanwhile."""
        referee = asyncio.to_thread(self._coordinator.judge, found.images)
        if self._coordinator.rules.realism:
            seen, classes = await asyncio.gather(self.panel.judge(found), referee)
            return Verdict(seen.votes, classes, seen.realism)
        votes, classes = await asyncio.gather(self.panel.vote(found.images), referee)
        return Verdict(votes, classes)


@ray.remote(max_restarts=0, max_task_retries=0, concurrency_groups={"health": 2})
class CellActor:
    """A process that trains networks, is opened, and is a cell from then on.

    So it starts, and imports what it needs, but once. It is never started again: whoever watches over a run
    starts another one, where there is room for it, and leases it what this one had.
    """

    def __init__(self) -> None:
        use_one_thread()
        keep_freed_memory()
        self._cell: _Opened | None = None

    async def train(
        self,
        architecture: Architecture,
        training: Training,
        data: Dataset,
        seed: int,
        loaded: Weights | None = None,
    ) -> AsyncIterator[Epoch | Sign]:
        """Train one network, and stream its epochs between signs of life; measure one with loaded weights."""
        for found in with_signs(lambda: trained_or_measured(architecture, training, data, seed, loaded)):
            yield found

    async def open(self, opening: Opening) -> str:
        """Build panel and referee, before all else; return this machine's address once peers can answer."""
        self._cell = _Opened(opening)
        await self._cell.panel.exactness()
        return str(ray.util.get_node_ip_address())

    @ray.method(num_returns=2)
    async def mine(self, lease: Lease) -> tuple[tuple[int, int], Mined]:
        """Run a shard; return how many searches it has and how many failed, then what is to be recorded."""
        mined = await self._opened.mine(lease)
        counted = mined.counted()
        return (counted.searches, counted.outcomes[Outcome.FAILED]), mined

    @ray.method(concurrency_group="health")
    async def pulse(self) -> Vitals:
        """Say how the cell is, once its peers have; in a thread of its own, also while networks compute."""
        return Vitals() if self._cell is None else await self._cell.pulse()

    async def ask(self, questions: Questions) -> Replies:
        """Put questions to the panel."""
        return await self._opened.seeds.ask(questions)

    async def vote(self, images: Pixels) -> Singles:
        """Put images to the panel."""
        return await self._opened.panel.vote(images)

    async def judge(self, found: FoundImages) -> Seen:
        """Put images that searches ended with to the panel."""
        return await self._opened.panel.judge(found)

    async def exactness(self) -> tuple[Exactness, ...]:
        """Return how the panel's answers were computed so far."""
        return await self._opened.panel.exactness()

    @property
    def _opened(self) -> _Opened:
        if self._cell is None:
            raise RuntimeError("a cell that was not opened")
        return self._cell
