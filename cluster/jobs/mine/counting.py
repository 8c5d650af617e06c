"""What a run of mining tells of itself: on its bar, in its figures, to Ray's metrics and TensorBoard."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from rich.progress import Progress as Bars

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Live, Progress
from outvoted.actors.runs.ray_metrics import Meter
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.cluster.ray.supervisor import Leased
from outvoted.search.outcome import Outcome

_SHOWN_SECONDS = 60.0


def count_mined(meter: Meter, progress: Progress, before: Progress | None = None) -> None:
    """Count what was mined since ``before``; all of it, if that is left out."""
    known = before or Progress()
    for outcome, count in (progress.outcomes - known.outcomes).items():
        meter.add("searches", count, outcome=outcome)
    for target, count in (progress.targets - known.targets).items():
        meter.add("mistakes", count, target=target)
    meter.add("inferences", progress.inferences - known.inferences)


class Counting:
    """Has counters follow a run's totals; what was recorded before, where it is resumed, is not counted."""

    def __init__(
        self,
        meter: Meter,
        before: Progress,
        planned: int,
        show: Callable[[Mapping[str, float]], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what counts, and what is known when mining begins.

        Args:
            meter: of the run.
            before: what was recorded by then.
            planned: how many searches the run is to make in all.
            show: draws figures by their names in TensorBoard; called once a minute.
            clock: tells the seconds.
        """
        self._meter, self._planned, self._show, self._clock = meter, planned, show, clock
        self._progress, self._leased = before, Leased()
        self._shown = -math.inf

    def hear(self, progress: Progress, leased: Leased) -> None:
        """Take where the run is."""
        self._measure(progress, leased)
        self._count(progress, leased)
        self._progress, self._leased = progress, leased
        if self._clock() - self._shown >= _SHOWN_SECONDS:
            self._shown = self._clock()
            self._show(
                {
                    "leases/under way": leased.under_way,
                    "leases/oldest, seconds": leased.oldest_seconds,
                    "leases/again": leased.again,
                    "cells/open": leased.cells,
                    "cells/lost": leased.restarts,
                    "searches/failed in this session": leased.failed,
                }
            )

    def end(self, progress: Progress) -> None:
        """Take what was recorded when mining has ended: the last shards may not have been heard of."""
        self.hear(progress, replace(self._leased, under_way=0, oldest_seconds=0.0))

    def _measure(self, progress: Progress, leased: Leased) -> None:
        self._meter.put("waiting_searches", max(0, self._planned - progress.searches))
        self._meter.put("leased_shards", leased.under_way)
        self._meter.put("oldest_lease_seconds", leased.oldest_seconds)
        self._meter.put("cells", leased.cells, state="open")
        self._meter.put("cells", leased.starting, state="starting")

    def _count(self, progress: Progress, leased: Leased) -> None:
        meter = self._meter
        count_mined(meter, progress, self._progress)
        meter.add("restarts", leased.restarts - self._leased.restarts)
        meter.add("repeated_shards", leased.again - self._leased.again)


class Account:
    """Says where a run of mining is: on its bar, in its record, and to what counts."""

    def __init__(self, record: RunRecord, bars: Bars, counting: Counting, planned: int, done: int) -> None:
        """Begin, with so many searches planned, of which some were done before."""
        self.figures = MiningFigures.of(record)
        self._record, self._bars, self._counting = record, bars, counting
        self._planned, self._done, self._before = planned, done, self.figures.seconds
        self._bar = bars.add_task("searches", total=planned, completed=done, details="")
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return how long it has been mined by now, this time."""
        return time.monotonic() - self._began

    def hear(self, recorded: Progress, live: Live, leased: Leased) -> None:
        """Take where the run is; the bar counts what is under way too, and never goes back."""
        searches = max(recorded.searches + live.ended, int(self._bars.tasks[self._bar].completed))
        searches = min(searches, self._planned)
        self._tell(self.seconds, searches, recorded.mistakes + live.mistakes, recorded.outcomes)
        self._counting.hear(recorded, leased)

    def end(self, seconds: float, ended: Progress, mistakes: int) -> None:
        """Take what was recorded in the end, after so many seconds, as the summary will count it."""
        self._counting.end(ended)
        self._tell(seconds, ended.searches, mistakes, ended.outcomes)

    def _tell(self, seconds: float, searches: int, mistakes: int, outcomes: Counter[str]) -> None:
        self.figures.seconds = self._before + seconds
        self.figures.put(self._record)
        skipped, failed = outcomes[Outcome.SKIPPED], outcomes[Outcome.FAILED]
        told = _details(mistakes, skipped, failed, (searches - self._done) / max(seconds, 1e-9))
        self._bars.update(self._bar, completed=searches, details=told, mistakes=mistakes, failed=failed)


def _details(mistakes: int, skipped: int, failed: int, rate: float) -> str:
    """Say what came of searches; the table leaves out those whose seed not all networks get right."""
    left_out = f"{skipped} skipped, " if skipped else ""
    left_out += f"{failed} failed, " if failed else ""
    return f"{mistakes} mistakes, {left_out}{rate:.0f} searches/s"
