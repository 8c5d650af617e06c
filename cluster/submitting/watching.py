"""Watching a run that is made elsewhere: its own lines and bars, drawn here; leaving it leaves it alone."""

import time

from rich.console import Console
from rich.progress import Progress, TaskID

from outvoted.cluster.console.ending import INTERRUPTED
from outvoted.cluster.console.records import Record, RunBegan, TaskAt
from outvoted.cluster.console.terminal import bars, draws, warn
from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.cluster.submitting.elsewhere import Elsewhere
from outvoted.search.errors import OutvotedError


class _Screen:
    """What a run writes, drawn: lines as they are, records as bars where lines can be drawn over."""

    def __init__(self, console: Console, alone: bool) -> None:
        """Take where to draw, and whether a run is all that writes there."""
        self._console = console
        self._draws = draws(console)
        self._at, self._heard = 0.0, time.monotonic()
        self._progress: Progress | None = None
        self._bars: dict[int, TaskID] = {}
        self._before: list[str] | None = None if alone else []

    def put(self, said: str | None, record: Record | None) -> None:
        """Draw a line of the log."""
        if isinstance(record, RunBegan):
            self._before = None  # what Ray says before is about itself
            self._warn_of(record)
        if isinstance(record, TaskAt) and self._draws:
            self._draw(record)
        elif said is not None and self._before is not None:
            self._before.append(said)
        elif said is not None:
            self._console.print(said, soft_wrap=True)

    def end(self) -> None:
        """Leave the bars as they are; say what a run said that never began."""
        if self._progress is not None:
            self._progress.stop()
        for line in self._before or ():
            self._console.print(line, soft_wrap=True)
        self._before = None

    def _draw(self, task: TaskAt) -> None:
        self._at, self._heard = task.at, time.monotonic()
        if self._progress is None:
            self._progress = bars(self._console, self._clock)
        if task.task not in self._bars:
            self._bars[task.task] = self._progress.add_task(task.name, total=task.of, details="")
        self._progress.update(
            self._bars[task.task],
            description=task.name,
            total=task.of,
            completed=task.done,
            details=task.details,
            visible=task.visible,
        )

    def _clock(self) -> float:
        """Return the run's own time, so that a log that is read at once makes the bars it made as it grew."""
        return self._at + time.monotonic() - self._heard

    def _warn_of(self, run: RunBegan) -> None:
        from importlib.metadata import version

        if run.version != version("outvoted"):
            warn(self._console, f"the cluster has outvoted {run.version}, this machine {version('outvoted')}")


def watch(where: Elsewhere, run: JobSeen, console: Console) -> JobSeen:
    """Show a run until it ends; return it as it is then."""
    screen = _Screen(console, where.tells_only_runs)
    try:
        for line in where.lines(run):
            screen.put(line.said, line.record)
    finally:
        screen.end()
    return where.now(run)


_NO_TRACE = "failed to get job supervisor"  # Ray's words, of a job that a head which is back does not find
ENDINGS = {"SUCCEEDED": "finished", "FAILED": "failed", "STOPPED": "been stopped"}
"""What a run has done that has ended, by its job's state."""


def exit_code(job: JobSeen) -> int:
    """Return the exit code of a run that has ended, as its own command would have given it.

    Raises:
        OutvotedError: its process, or the machine it was on, was lost.
    """
    if job.state == "SUCCEEDED":
        return 0
    if job.state == "STOPPED":
        return INTERRUPTED
    if job.code is not None:
        if job.code == 127:
            raise OutvotedError(
                expected="the command `outvoted` on the cluster",
                found="none on the PATH of Ray's head",
                remedy="install outvoted there, or start Ray in the environment that has it",
            )
        return job.code
    lines = [line for line in job.said.strip().splitlines() if line.strip()]
    why = lines[-1][:300] if lines else "Ray does not say why"
    raise OutvotedError(
        expected="the run to end by itself",
        found=f"its process was lost{' with the machine it was on' if _NO_TRACE in why else f': {why}'}",
        remedy=resume_with(job),
    )


def resume_with(job: JobSeen) -> str:
    """Say how a run goes on."""
    again = job.notes.get("again", "")
    return (
        f"what was recorded is kept; resume it with\n          {again}"
        if again
        else "submit it again, with --resume"
    )
