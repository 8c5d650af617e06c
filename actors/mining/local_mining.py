"""Mining a panel in one process: every peer is a target in turn, against the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from outvoted.actors.data.datasets import Images
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import planned
from outvoted.actors.networks.computing import USUAL, Arithmetic
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.search import plan
from outvoted.search.search_settings import SearchSettings

_SHARD = 1000


@dataclass(frozen=True)
class Mined:
    """All rows of the `searches` and `mistakes` tables that a panel gave."""

    searches: pa.Table
    mistakes: pa.Table


def mine_panel(
    search: SearchSettings,
    panel: Sequence[Member],
    images: Images,
    classes: int,
    referee: Member | None,
    arithmetic: Arithmetic = USUAL,
) -> Mined:
    """Mine every peer of a panel, in this process; but for the time of day a pure function of its arguments.

    Args:
        images: the seeds, and the form of images and labels; the referee answers ``images.classes`` classes.
        classes: how many classes the peers answer; one more than the labels have where noise is a class.

    Raises:
        OutvotedError: a network's weights don't fit, or the panel disputes nearly all seeds.
    """
    rules = search.rules(len(panel))

    def peer(member: Member, answers: int) -> Peer:
        return Peer(member.build(images.shape, answers), rules.transform, images.seeds, arithmetic)

    local = LocalPanel([peer(member, classes) for member in panel])
    judge = None if referee is None else peer(referee, images.classes)
    names = tuple(member.name for member in panel)
    coordinator = Coordinator(rules, images.seeds, names, judge)
    replicas = planned(local, rules, images.seeds.labels, search.per_target, names).replicas
    work = plan.searches(search.seed, replicas, search.turns(names), len(images.seeds))
    shards = plan.shards(work, np.empty(0, np.int64), _SHARD)
    results = [coordinator.mine(shard, local) for shard in shards]
    return Mined(
        pa.concat_tables([result.searches for result in results]),
        pa.concat_tables([result.mistakes for result in results]),
    )
