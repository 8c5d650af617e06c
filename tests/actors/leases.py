"""Leases of shards, as planning would hand them out, and what comes of them."""

import numpy as np

from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import asked_about
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.panel.panel import VotingPanel
from outvoted.search.plan import Lease, Shard
from outvoted.search.transforms import Transform


def lease_of(shard: Shard, panel: VotingPanel, transform: Transform) -> Lease:
    """Ask a panel about the seeds of a shard; voters stand in the panel's order."""
    _, first = np.unique(shard.replica, return_index=True)
    return Lease(shard, asked_about(panel, transform, shard.seed_id[first]), tuple(range(panel.size)))


def mined_by(coordinator: Coordinator, shard: Shard, panel: VotingPanel) -> ShardResult:
    """Mine a shard from the beginning: its seeds, then its searches."""
    return coordinator.mine(lease_of(shard, panel, coordinator.rules.transform), panel)
