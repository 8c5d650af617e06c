"""Mining on Ray: the coordinator of a cell as an actor, a whole panel as a task."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import ray

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.coordinator import Coordinator, Verdict
from outvoted.actors.mining.local_mining import MiningResult, mine_panel
from outvoted.actors.mining.request_batcher import RequestBatcher
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.computing import USUAL, Arithmetic, use_one_thread
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.ray_panel import RayPanel
from outvoted.actors.runs.ray_shared import FOREVER, Placed
from outvoted.search.arrays import Pixels
from outvoted.search.climb import Outcome, Rules, ShardState
from outvoted.search.plan import Shard
from outvoted.search.search_settings import SearchSettings


@ray.remote(**FOREVER)
class CoordinatorActor:
    """A cell's coordinator, with the referee in the same process; runs several shards at a time."""

    def __init__(
        self,
        rules: Rules,
        peers: Sequence[Any],
        names: Sequence[str],
        placed: Placed,
        arithmetic: Arithmetic = USUAL,
    ) -> None:
        use_one_thread()
        referee, images = ray.get(list(placed))
        judge = None
        if referee is not None:
            network = referee.build(images.shape, images.classes)
            judge = Peer(network, rules.transform, images.seeds, arithmetic)
        self._live: dict[str, tuple[int, int]] = {}
        self._panel = RayPanel(peers)
        self._batcher = RequestBatcher(self._panel.ask_later)
        self._coordinator = Coordinator(rules, images.seeds, tuple(names), judge)

    async def mine(self, shard: Shard) -> ShardResult:
        """Run a shard."""

        def watch(climb: ShardState) -> None:
            ended = climb.outcome != Outcome.CLIMBING
            self._live[shard.name] = (int(ended.sum()), int((climb.outcome == Outcome.MISTAKE).sum()))

        steps = self._coordinator.steps(shard, watch)
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Mapping):
                    asked = steps.send(await self._batcher.ask(asked))
                else:
                    asked = steps.send(await self._judge(asked))
        except StopIteration as end:
            result: ShardResult = end.value
            return result
        finally:
            self._live.pop(shard.name, None)

    async def _judge(self, images: Pixels) -> Verdict:
        """Have panel and referee vote at the same time, and other shards go on meanwhile."""
        referee = asyncio.to_thread(self._coordinator.judge, images)
        votes, classes = await asyncio.gather(self._panel.vote_later(images), referee)
        return Verdict(votes, classes)

    async def live(self) -> tuple[int, int]:
        """Return how many searches have ended, and how many in a mistake, in shards not yet recorded."""
        counts = list(self._live.values())
        return sum(ended for ended, _ in counts), sum(found for _, found in counts)


@ray.remote(max_retries=3)
def mine_panel_remotely(
    search: SearchSettings,
    panel: tuple[Member, ...],
    images: Images,
    classes: int,
    referee: Member | None,
) -> MiningResult:
    """Mine one panel, peers and referee in one process with one thread."""
    use_one_thread()
    return mine_panel(search, panel, images, classes, referee)
