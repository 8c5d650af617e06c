"""Leasing: every cell is kept at work with shards, until every search is recorded."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray

from outvoted.actors.mining.shards import Live, Progress
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.cells import Cell
from outvoted.search.plan import Lease

_GLANCE_SECONDS = 0.5
_RECORDED_TOGETHER = 8
"""Shards, which the recorder holds in memory at a time."""

Report = Callable[[Progress, Live], object]


def lease(
    cells: Sequence[Cell], recorder: Any, work: Iterator[Lease], in_flight: int, report: Report
) -> None:
    """Have all shards mined and recorded; each cell has at most ``in_flight`` that are not recorded yet.

    Rows go from cell to recorder, not by way of here. ``report`` hears now and then how much is recorded, and
    what is found in shards under way.

    Raises:
        OutvotedError: the recorder cannot write.
    """
    leases = _Leases(recorder, work, report)
    for _ in range(in_flight):
        for cell in cells:
            leases.start(cell)
    leases.run()


class _Leases:
    """Calls that are out, each with what to do when it ends. All that have ended are seen to at once."""

    def __init__(self, recorder: Any, work: Iterator[Lease], report: Report) -> None:
        self._recorder, self._work, self._report = recorder, work, report
        self._calls: dict[Any, Callable[[Any], object]] = {}
        self._mined: list[tuple[Any, Cell]] = []
        self._recording = self._glancing = False
        self._unrecorded = 0
        self._glanced = 0.0

    def start(self, cell: Cell) -> None:
        """Lease a cell the next shard, if there is one."""
        lease = next(self._work, None)
        if lease is not None:
            self._unrecorded += 1
            self._calls[cell.mine(lease)] = lambda call: self._mined.append((call, cell))

    def run(self) -> None:
        """Go on until all shards are recorded."""
        self._glance()
        while self._unrecorded or self._glancing:
            some, _ = ray.wait(list(self._calls), num_returns=1, timeout=_GLANCE_SECONDS, fetch_local=False)
            if some:
                every = list(self._calls)
                some, _ = ray.wait(every, num_returns=len(every), timeout=0, fetch_local=False)
            for call in some:
                self._calls.pop(call)(call)
            self._record()
            if self._unrecorded and time.monotonic() - self._glanced >= _GLANCE_SECONDS:
                self._glance()

    def _record(self) -> None:
        """Hand what is mined to the recorder unless it is busy: several shards then go with the next call."""
        if self._mined and not self._recording:
            some, self._mined = self._mined[:_RECORDED_TOGETHER], self._mined[_RECORDED_TOGETHER:]
            self._recording = True
            cells = [cell for _, cell in some]
            call = self._recorder.record.remote(*(call for call, _ in some))
            self._calls[call] = lambda call: self._recorded(call, cells)

    def _recorded(self, call: Any, cells: Sequence[Cell]) -> None:
        result(call)
        self._recording = False
        self._unrecorded -= len(cells)
        for cell in cells:
            self.start(cell)

    def _glance(self) -> None:
        """Ask how far all cells are, if that is not being asked already."""
        if not self._glancing:
            self._glancing, self._glanced = True, time.monotonic()
            self._calls[self._recorder.glance.remote()] = self._told

    def _told(self, call: Any) -> None:
        self._glancing = False
        self._report(*result(call))
