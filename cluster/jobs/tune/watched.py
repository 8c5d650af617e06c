"""How far a sweep is: in the terminal, in `run.json`, and in TensorBoard."""

from pathlib import Path

from rich.progress import Progress as Bars

from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.runs.watching import unwatched
from outvoted.actors.sweeps.tuned_monitor import TunedMonitor
from outvoted.actors.sweeps.tuned_store import FAILED, TrialRow
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.schedule import Schedule
from outvoted.cluster.console.terminal import warn, warn_if
from outvoted.cluster.console.trial_table import TrialTable
from outvoted.cluster.jobs.tune.tasks import TrialTask
from outvoted.cluster.jobs.tune.trials import JudgedBy
from outvoted.cluster.storage.urls import given_as

_MANY = 0.5
"""The share of trials whose failure is said at once: then something is wrong with all of them."""
_LEAST = 4


class WatchedSweep:
    """Shows the trials of a sweep."""

    def __init__(self, folder: Path, judged: JudgedBy, schedule: Schedule, progress: Bars) -> None:
        """Take the sweep's folder, and the bars that are shown."""
        self.table = TrialTable(progress, [(one.measure, one.goal) for one in judged.objectives])
        self._folder, self._judged, self._schedule, self._progress = folder, judged, schedule, progress
        self._monitor = TunedMonitor(folder)
        self._bar = progress.add_task("trials", total=schedule.count, details="", failed=0)
        self._done = self._failed = 0
        self._said = False

    def known(self, row: TrialRow) -> None:
        """Take a trial that had ended before."""
        self._done += 1
        self._show(row, known=True)

    def far(self, task: TrialTask, row: TrialRow | None) -> None:
        """Take a trial that begins, or is at a milestone."""
        far = None if row is None else (row.milestones, row.milestones_of)
        self.table.running(task.number, Point(task.point).values, far)

    def ended(self, row: TrialRow) -> None:
        """Take a trial that has ended."""
        self._done += 1
        self._failed += row.outcome == FAILED
        run_meter().add("trials", outcome=row.outcome)
        self._show(row)
        self._monitor.trial(row)
        if not self._said and self._done >= _LEAST and self._failed > _MANY * self._done:
            self._said = True
            why = "; ".join(str(row.reason).splitlines()[:2])
            warn(self._progress.console, f"most trials fail, the latest one of this: {why}")

    def close(self) -> None:
        """Say what went wrong."""
        console = self._progress.console
        warn_if(console, self._schedule.remark)
        warn_if(console, unwatched(self._monitor))
        if self._failed:
            counted = f"{self._failed:,} of {self._done:,} trials failed"
            warn(
                console, f"{counted}: points/ in {given_as(self._folder)} says why, --resume tries them again"
            )

    def _show(self, row: TrialRow, known: bool = False) -> None:
        scores = {score.measure: score.value for score in row.scores if score.run is None}
        keeps = all(one.holds(scores.get(one.measure)) for one in self._judged.constraints)
        self.table.ended(row.number, Point(row.point).values, row.outcome, scores, keeps, known)
        self._progress.update(
            self._bar,
            completed=self._done,
            total=self._schedule.count,
            details=self.table.best,
            failed=self._failed,
        )
