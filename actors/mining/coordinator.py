"""The coordinator of a cell: runs a shard's searches against its panel."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.rows import Finding, shard_result
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.mining.verification import decoded, rendered, verify
from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages
from outvoted.actors.runs import png
from outvoted.search.arrays import Ints, Pixels, Singles
from outvoted.search.climb import Rules, ShardState, advance, begin
from outvoted.search.messages import Questions, Replies, asked_in_turn
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Lease


@dataclass(frozen=True)
class Verdict:
    """What is said of images: the panel's votes (peers, n, classes), the referee's classes (n,) if there is
    one, and the realism (peers, n) if that was asked for."""

    votes: Singles
    referee: Ints | None
    realism: Singles | None = None


Steps = Generator[Questions | FoundImages, Replies | Verdict, ShardResult]
"""A shard on its way: yields candidates to ask the panel about, or images to judge, takes what is said of
them, and returns the rows. Nothing in it knows whether the panel is in this process or on Ray."""


@dataclass(frozen=True)
class Coordinator:
    """Everything a shard is run with but the panel.

    Attributes:
        names: the peers' names, in the panel's order.
        referee: a network that is never on the panel, or None.
    """

    rules: Rules
    seeds: Split
    names: tuple[str, ...]
    referee: Peer | None

    def mine(self, lease: Lease, panel: VotingPanel) -> ShardResult:
        """Run a shard against a panel to its end and verify what it found; a pure function of both.

        Where a peer's bound proves too small, earlier answers may have been wrong, and all is asked again.
        """
        while True:
            before, result = panel.widened(), self._mined(lease, panel)
            if panel.widened() == before:
                return result

    def _mined(self, lease: Lease, panel: VotingPanel) -> ShardResult:
        steps = self.steps(lease)
        asked = self.went_on(steps, None, panel)
        while isinstance(asked, Questions):
            asked = self.went_on(steps, asked_in_turn(panel.ask, asked), panel)
        return asked

    def went_on(self, steps: Steps, said: Replies | None, panel: VotingPanel) -> Questions | ShardResult:
        """Give a shard what was said to its questions, None to begin; return its next ones, or its rows."""
        try:
            asked = next(steps) if said is None else steps.send(said)
            while isinstance(asked, FoundImages):
                asked = steps.send(self.verdict(asked, panel))
        except StopIteration as end:
            result: ShardResult = end.value
            return result
        return asked

    def steps(self, lease: Lease, watch: Callable[[ShardState], object] = lambda climb: None) -> Steps:
        """Run a shard; whoever drives it reaches the panel, and ``watch`` sees the state after each event."""
        climb, questions = begin(self.rules, lease, self.seeds.labels[lease.shard.seed_id])
        while questions:
            replies = yield questions
            assert not isinstance(replies, Verdict)
            climb, questions = advance(climb, replies)
            watch(climb)
        finds = np.argsort(climb.finds.search, kind="stable")
        finds = finds[climb.outcome[climb.finds.search[finds]] == Outcome.MISTAKE]
        if not len(finds):
            return shard_result(climb, self.names, None)
        rows = climb.finds.search[finds]
        seeds = self.seeds.read(climb.shard.seed_id[rows])
        composed = climb.finds.composed[finds].astype(np.float32)
        stored = [png.encode(image) for image in rendered(self.rules.transform, seeds, composed)]
        shard = climb.shard.rows(rows)
        verdict = yield FoundImages(decoded(stored), climb.labels[rows], shard.seed_id)
        assert isinstance(verdict, Verdict)
        judged = verify(stored, verdict.votes, climb.labels[rows], shard.target, shard.voters)
        finding = Finding(finds, judged, seeds, verdict.referee, verdict.realism)
        return shard_result(climb, self.names, finding)

    def verdict(self, found: FoundImages, panel: VotingPanel) -> Verdict:
        """Have panel and referee judge images."""
        referee = self.judge(found.images)
        if not self.rules.realism:
            return Verdict(panel.vote(found.images), referee)
        seen = panel.judge(found)
        return Verdict(seen.votes, referee, seen.realism)

    def judge(self, images: Pixels) -> Ints | None:
        """Return the referee's class for each image, -1 where it failed, or None without a referee."""
        return None if self.referee is None else self.referee.classify(images)
