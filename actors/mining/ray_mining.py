"""Mining on Ray: requests batched, the coordinator of a cell as an actor, a whole panel as a task."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import ray

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.coordinator import Coordinator, Verdict
from outvoted.actors.mining.local_mining import MiningResult, mine_panel
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.computing import USUAL, Arithmetic, use_one_thread
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.ray_panel import FOREVER, Placed, RayPanel
from outvoted.search.arrays import Pixels
from outvoted.search.climb import Outcome, Rules, ShardState
from outvoted.search.messages import Questions, Replies, apart, together
from outvoted.search.plan import Lease
from outvoted.search.search_settings import SearchSettings

Asked = tuple[Questions, "asyncio.Future[Replies]"]


class RequestBatcher:
    """Sends questions to a panel; while its calls are under way, further questions are gathered.

    So several shards advance at the price of one: messages stay full although each shard asks about fewer
    and fewer searches, and while one call is out, shards that have their replies go on. All in one thread:
    several would keep each other, and Ray's calls, waiting for Python's lock.
    """

    def __init__(self, ask: Callable[[Questions], Awaitable[Replies]], calls: int = 2) -> None:
        """Take the function that asks the panel, and how many of its calls may be under way at a time."""
        self._ask = ask
        self._free = calls
        self._waiting: list[Asked] = []
        self._leading: set[asyncio.Task[None]] = set()

    async def ask(self, questions: Questions) -> Replies:
        """Ask together with all others that are waiting; an error reaches everyone it concerns."""
        reply: asyncio.Future[Replies] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, reply))
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._lead())
            self._leading.add(task)
            task.add_done_callback(self._leading.discard)
        return await reply

    async def _lead(self) -> None:
        """Ask for all that are waiting, until no one is."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                asked = [questions for questions, _ in batch]
                parts = apart(asked, await self._ask(together(asked)))
            except Exception as error:
                for _, reply in batch:
                    if not reply.cancelled():
                        reply.set_exception(error)
            else:
                for (_, reply), part in zip(batch, parts, strict=True):
                    if not reply.cancelled():
                        reply.set_result(part)
            await asyncio.sleep(0)  # those with a reply go on before the next call goes out
        self._free += 1


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

    async def mine(self, lease: Lease) -> ShardResult:
        """Run a shard."""
        name = lease.shard.name

        def watch(climb: ShardState) -> None:
            ended = climb.outcome != Outcome.CLIMBING
            self._live[name] = (int(ended.sum()), int((climb.outcome == Outcome.MISTAKE).sum()))

        steps = self._coordinator.steps(lease, watch)
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Questions):
                    asked = steps.send(await self._batcher.ask(asked))
                else:
                    asked = steps.send(await self._judge(asked))
        except StopIteration as end:
            result: ShardResult = end.value
            return result
        finally:
            self._live.pop(name, None)

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
