"""The coordinator of a cell: runs a shard's searches against its panel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from outvoted.actors import png
from outvoted.actors.certify import certify, rendered
from outvoted.actors.datasets import Split
from outvoted.actors.panel import Panel
from outvoted.actors.peer import Peer
from outvoted.actors.rows import Finding, ShardResult, shard_result
from outvoted.search.climb import Climb, Outcome, Rules, advance, begin
from outvoted.search.plan import Shard


@dataclass(frozen=True)
class Coordinator:
    """Everything a shard is run with; the same on Ray and in process.

    Attributes:
        names: the peers' names, in the panel's order.
        referee: a network that is never on the panel, or None.
    """

    rules: Rules
    panel: Panel
    seeds: Split
    names: tuple[str, ...]
    referee: Peer | None

    def mine(self, shard: Shard, watch: Callable[[Climb], object] = lambda climb: None) -> ShardResult:
        """Run a shard to its end and certify what it found; a pure function of the shard.

        ``watch`` sees the state after each event.
        """
        climb, questions = begin(self.rules, shard, self.seeds.labels[shard.seed_id])
        while questions:
            climb, questions = advance(climb, self.panel.ask(questions))
            watch(climb)
        return shard_result(climb, self.names, self._finding(climb))

    def _finding(self, climb: Climb) -> Finding | None:
        rows = np.flatnonzero(climb.outcome == Outcome.MISTAKE)
        if not len(rows):
            return None
        seeds = self.seeds.images[climb.shard.seed_id[rows]]
        composed = climb.position.composed[rows].astype(np.float32)
        images = rendered(self.rules.transform, seeds, composed)
        stored = [png.encode(image) for image in images]
        certificate = certify(self.panel, stored, climb.labels[rows], climb.shard.target[rows])
        verdict = None if self.referee is None else self.referee.vote(images).argmax(axis=1)
        return Finding(rows, certificate, seeds, verdict)
