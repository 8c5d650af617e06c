"""The searches of a run that is made in this process, recorded in their order, and told of at milestones."""

import time
from collections import deque
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.local_mining import mined_together
from outvoted.actors.mining.planning import MiningFigures, MiningPlan
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.runs.compaction import Compactor
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.cluster.jobs.in_process.base import Making, Milestone
from outvoted.cluster.jobs.in_process.recording import tell
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.runs import EarlyStopError
from outvoted.search.id_ranges import IdRanges
from outvoted.search.plan import Lease, Searches, shard_name

SHARD = 500
"""Searches that are recorded together."""
AT_ONCE = 4
"""Shards under way: the more, the fuller are batches."""
HEARD, HEARD_AT_ONCE = 125, 2
"""Where somebody may end the run: at least so many searches in a shard, and so many shards. With fewer,
batches are so small that a run that is ended early has taken as long as one that went to its end."""
WRITE_SECONDS = 2.0
"""What ended is written so often, and at the end: to wait for the disk takes longer than a short run."""
_KEPT = {"searches": ["search_id", "target", "target_name", "outcome", "reason"], "mistakes": ["search_id"]}
"""What is kept in memory where nobody hears of it: enough to say what failed."""


def milestones(searches: Searches, most: int) -> tuple[int, ...]:
    """Return how many searches are done at each milestone: after every tenth of the replicas, say."""
    count = min(most, searches.replicas)
    ends = -(-searches.replicas * np.arange(1, count + 1) // count)
    return tuple((ends * len(searches.turns)).tolist())


class RecordedSearches:
    """The searches of a run: those that are recorded, and those that are run now.

    A shard is recorded once all before it are, and where the run is ended at a milestone, nothing behind that
    is kept: what is recorded then is a pure function of the run.
    """

    def __init__(self, run: Making[MineConfig], record: RunRecord, plans: MiningPlan) -> None:
        """Take a run, its record, and what is to be searched."""
        self._run, self._record, self._plans = run, record, plans
        self._shards = Shards(run.store.path)
        if run.config.cluster.retry_failed:
            self._shards.forget_failed()
        self._done = self._shards.done()
        self._columns = dict.fromkeys(_KEPT) if run.heard else _KEPT
        self._tables = {
            name: [self._shards.units.read_all(name, columns=self._columns[name])] for name in _KEPT
        }
        self._compactor = Compactor(self._shards.units)
        self._waiting, self._unwritten = deque[str](), list[ShardResult]()
        self._written = time.monotonic()
        self._ends = milestones(plans.searches, run.milestones if run.heard else 1)
        self._told = 0

    def search(self, coordinator: Coordinator, panel: VotingPanel) -> Milestone:
        """Run what is not recorded yet, telling of every milestone but the last; return that.

        Raises:
            EarlyStopError: the run is to end at a milestone.
            OutvotedError: the disk refuses.
        """
        began, listened_to = time.monotonic(), len(self._ends) > 1
        at_once = HEARD_AT_ONCE if listened_to else AT_ONCE
        leases = self._leases(max(HEARD, min(SHARD, self._ends[0])) if listened_to else SHARD)
        try:
            self._tell()
            for result in self._in_order(mined_together(coordinator, leases, panel, at_once)):
                self._take(result)
                if time.monotonic() - self._written > WRITE_SECONDS:
                    self._write()
                self._tell()
        except EarlyStopError:
            self._cut()
            raise
        finally:
            self._count(time.monotonic() - began, panel)
            self._write()
        self._compactor.finish()
        return self._milestone(len(self._ends))

    def _in_order(self, results: Iterator[ShardResult]) -> Iterator[ShardResult]:
        """Hold back what ends before shards that began earlier."""
        ended = dict[str, ShardResult]()
        for result in results:
            ended[result.name] = result
            while self._waiting and self._waiting[0] in ended:
                yield ended.pop(self._waiting.popleft())

    def _leases(self, size: int) -> Iterator[Lease]:
        for lease in self._plans.leases(self._done, size):
            self._waiting.append(lease.shard.name)
            yield lease

    def _take(self, result: ShardResult) -> None:
        self._unwritten.append(result)
        for name, rows in (("searches", result.searches), ("mistakes", result.mistakes)):
            columns = self._columns[name]
            self._tables[name].append(rows if columns is None else rows.select(columns))
        self._done = self._done.union(IdRanges.of(result.searches["search_id"].to_numpy()))

    def _write(self) -> None:
        """Write what was taken as one shard, for which the disk is waited for but once."""
        if self._unwritten:
            searches = pa.concat_tables([one.searches for one in self._unwritten])
            mistakes = pa.concat_tables([one.mistakes for one in self._unwritten])
            self._shards.write(ShardResult(shard_name(searches["search_id"].to_numpy()), searches, mistakes))
            self._compactor.wrote()
        self._unwritten, self._written = [], time.monotonic()

    def _cut(self) -> None:
        """Have the folder hold the searches before the milestone that was told last, and no others."""
        self._compactor.finish()
        end, units = self._ends[self._told - 1], self._shards.units
        found = units.pieces("searches", ["search_id"])
        behind = {piece.unit for piece in found if (piece.rows["search_id"].to_numpy() >= end).any()}
        units.remove(*behind)
        there, tables = self._shards.done(), self._milestone(self._told).tables
        missing = {
            name: rows.filter(pa.array(~there.holds(rows["search_id"].to_numpy())))
            for name, rows in tables.items()
        }
        self._unwritten = [ShardResult("", **missing)] if len(missing["searches"]) else []
        self._done = IdRanges.of(tables["searches"]["search_id"].to_numpy())
        self._tables = {name: [rows] for name, rows in tables.items()}

    def _tell(self) -> None:
        """Tell of every milestone but the last before which all is recorded, in their order."""
        while self._told < len(self._ends) - 1 and not len(self._done.missing(self._ends[self._told])):
            self._told += 1
            tell(self._run, self._milestone(self._told))

    def _milestone(self, number: int) -> Milestone:
        end = self._ends[number - 1]
        return Milestone(number, len(self._ends), {name: self._rows(name, end) for name in _KEPT})

    def _rows(self, table: str, end: int) -> pa.Table:
        """Return the rows of the first searches, in the order of their ids."""
        found, *more = self._tables[table]
        rows = pa.concat_tables([*([found] if len(found) or not more else []), *more])
        rows = rows.filter(pc.less(rows["search_id"], end))
        ids = rows["search_id"].to_numpy()
        return rows if (np.diff(ids) >= 0).all() else rows.take(np.argsort(ids, kind="stable"))

    def _count(self, seconds: float, panel: VotingPanel) -> None:
        """Put into the record what is known of the run by now."""
        figures = MiningFigures.of(self._record)
        figures.seconds += seconds
        figures.add_exactness(self._run.config.panel.names, [panel.exactness()])
        figures.put(self._record)
        mistakes = sum(map(len, self._tables["mistakes"]))
        self._record.counts = figures.counts(len(self._done), mistakes)
