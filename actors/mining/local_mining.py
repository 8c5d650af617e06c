"""Mining a panel in one process: every peer is a target in turn, against the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import pyarrow as pa
from torch import nn

from outvoted.actors.data.datasets import Images, Split
from outvoted.actors.mining.coordinator import Coordinator, Steps
from outvoted.actors.mining.planning import MiningPlan, planned
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.cost import operations
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs.beats import beat
from outvoted.search.id_ranges import IdRanges
from outvoted.search.messages import Questions, Replies, apart, asked_first, asked_in_turn, together
from outvoted.search.plan import Lease
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies.base import DEAR

_SHARD = 500
_AT_ONCE = 4
"""Shards under way: the more, the fuller are batches, and the more memory is taken."""

Report = Callable[[int, int], object]
"""Is told after every shard how many searches it had, and how many mistakes there are so far."""


@dataclass(frozen=True)
class MiningResult:
    """All rows of the `searches` and `mistakes` tables that a panel gave."""

    searches: pa.Table
    mistakes: pa.Table


class LocalMining:
    """A panel in this process that can be mined; its rows are those of the same searches on Ray."""

    def __init__(
        self,
        search: SearchSettings,
        networks: Mapping[str, nn.Module],
        seeds: Split,
        referee: nn.Module | None = None,
        batch: Batch = "auto",
    ) -> None:
        """Take the peers by name, in the panel's order; what is asked is copies of them.

        Raises:
            OutvotedError: the strategy cannot search the transform.
        """

        renderer = Renderer(search.transform, seeds)

        def peer(network: nn.Module) -> Peer:
            return Peer(network, renderer, batch)

        self._search, self._names = search, tuple(networks)
        self.panel = LocalPanel([peer(network) for network in networks.values()])
        judge = None if referee is None else peer(referee)
        weighed = search.strategy.weighs_operations
        cost = operations(networks.values(), seeds.shape) if weighed else DEAR
        self._coordinator = Coordinator(search.rules(len(networks), cost), seeds, self._names, judge)

    def plan(self) -> MiningPlan:
        """Draw the seeds, and list all searches.

        Raises:
            OutvotedError: hardly any seed is undisputed.
        """
        return planned(self.panel, self._search, self._coordinator.seeds.labels, self._names)

    def mine(self, plans: MiningPlan, report: Report = lambda searches, mistakes: None) -> MiningResult:
        """Run all searches; but for the time of day a pure function of what it was made with."""
        results: dict[str, ShardResult] = {}
        leases = plans.leases(IdRanges(), _SHARD)
        for result in mined_together(self._coordinator, leases, self.panel, _AT_ONCE):
            results[result.name] = result
            report(result.searches.num_rows, sum(each.mistakes.num_rows for each in results.values()))
        ended = [results[name] for name in sorted(results)]
        return MiningResult(
            pa.concat_tables([result.searches for result in ended]),
            pa.concat_tables([result.mistakes for result in ended]),
        )


@dataclass(frozen=True)
class _Running:
    """A shard under way: what it asks, or what was said to that, and how often bounds had been widened."""

    lease: Lease
    steps: Steps
    widened: int
    asks: Questions | None = None
    said: Replies | None = None

    @staticmethod
    def begun(coordinator: Coordinator, lease: Lease, panel: VotingPanel) -> "_Running":
        return _Running(lease, coordinator.steps(lease), panel.widened())


def mined_together(
    coordinator: Coordinator, leases: Iterator[Lease], panel: VotingPanel, at_once: int
) -> Iterator[ShardResult]:
    """Run shards, several at a time, and yield what came of each when it ends.

    Their questions are put to the panel as one, so that batches stay full while shards that come to their end
    ask about fewer and fewer searches.
    """
    running: list[_Running] = []
    while True:
        running += [
            _Running.begun(coordinator, lease, panel) for lease in islice(leases, at_once - len(running))
        ]
        if not running:
            return
        asking: list[_Running] = []
        for shard in running:
            asked = shard.asks or coordinator.went_on(shard.steps, shard.said, panel)
            if isinstance(asked, Questions):
                asking.append(replace(shard, asks=asked))
            elif panel.widened() == shard.widened:
                yield asked
            else:  # its answers are in doubt: it is run again, before others begin
                leases = chain([shard.lease], leases)
        running = _answered(asking, panel)
        beat()


def _answered(asking: Sequence[_Running], panel: VotingPanel) -> list[_Running]:
    """Put to the panel, as one, what is asked first; the others wait."""
    running = list(asking)
    if not asking:
        return running
    waiting = [shard.asks for shard in asking if shard.asks is not None]
    first = asked_first(waiting)
    asked = [waiting[place] for place in first]
    for place, said in zip(first, apart(asked, asked_in_turn(panel.ask, together(asked))), strict=True):
        running[place] = replace(asking[place], asks=None, said=said)
    return running


def mine_panel(
    search: SearchSettings,
    panel: Sequence[Member],
    images: Images,
    classes: int,
    referee: Member | None,
    batch: Batch = "auto",
) -> MiningResult:
    """Mine every peer of a trained panel in this process.

    Args:
        images: the seeds, and the form of images and labels; the referee answers ``images.classes`` classes.
        classes: how many classes the peers answer; one more than the labels have where noise is a class.

    Raises:
        OutvotedError: a network's weights don't fit, or the panel disputes nearly all seeds.
    """
    networks = {member.name: member.build(images.shape, classes) for member in panel}
    judge = None if referee is None else referee.build(images.shape, images.classes)
    mining = LocalMining(search, networks, images.seeds, judge, batch)
    return mining.mine(mining.plan())
