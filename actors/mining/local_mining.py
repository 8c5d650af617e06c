"""Mining a panel in one process: every peer is a target in turn, against the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from torch import nn

from outvoted.actors.data.datasets import Images, Split
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import MiningPlan, planned
from outvoted.actors.networks.computing import USUAL, Arithmetic
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.search.search_settings import SearchSettings

_SHARD = 500

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
        arithmetic: Arithmetic = USUAL,
    ) -> None:
        """Take the peers by name, in the panel's order; they are converted to the wanted precision.

        Raises:
            OutvotedError: the strategy cannot search the transform.
        """

        def peer(network: nn.Module) -> Peer:
            return Peer(network, search.transform, seeds, arithmetic)

        self._search, self._names = search, tuple(networks)
        self._panel = LocalPanel([peer(network) for network in networks.values()])
        judge = None if referee is None else peer(referee)
        self._coordinator = Coordinator(search.rules(len(networks)), seeds, self._names, judge)

    def plan(self) -> MiningPlan:
        """Draw the seeds, and list all searches.

        Raises:
            OutvotedError: hardly any seed is undisputed.
        """
        return planned(self._panel, self._search, self._coordinator.seeds.labels, self._names)

    def mine(self, plans: MiningPlan, report: Report = lambda searches, mistakes: None) -> MiningResult:
        """Run all searches; but for the time of day a pure function of what it was made with."""
        searches, mistakes = [], []
        for lease in plans.leases(np.empty(0, np.int64), _SHARD):
            result = self._coordinator.mine(lease, self._panel)
            searches.append(result.searches)
            mistakes.append(result.mistakes)
            report(len(lease.shard), sum(table.num_rows for table in mistakes))
        return MiningResult(pa.concat_tables(searches), pa.concat_tables(mistakes))


def mine_panel(
    search: SearchSettings,
    panel: Sequence[Member],
    images: Images,
    classes: int,
    referee: Member | None,
    arithmetic: Arithmetic = USUAL,
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
    mining = LocalMining(search, networks, images.seeds, judge, arithmetic)
    return mining.mine(mining.plan())
