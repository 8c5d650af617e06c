"""The jobs of the cluster as they were a moment ago: a dashboard that hangs holds up nobody who looks."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Condition, Thread

from outvoted.cluster.storage.urls import given_as
from outvoted.cluster.submitting.dashboard import Jobs, JobSeen
from outvoted.cluster.submitting.entry import run_of
from outvoted.search.errors import OutvotedError

_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 1.0


class JobTable:
    """The newest job of each run of a folder; asked anew where it is old, but never waited for long."""

    def __init__(
        self, jobs: Callable[[], Jobs], runs: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what gives the cluster's jobs, and the folder of runs that they must be of."""
        self._jobs, self._clock = jobs, clock
        self._place = place_of(runs)
        self._changed = Condition()
        self._newest: Mapping[str, JobSeen] = {}
        self._problem: OutvotedError | None = None
        self._asked, self._asking = float("-inf"), False
        self._began = float("-inf")

    def newest(self) -> Mapping[str, JobSeen]:
        """Return the newest job of each run, by the run's name; what was last known, where nobody answers."""
        with self._changed:
            if not self._asking and self._clock() - self._asked >= _FRESH_SECONDS:
                self._asking, self._began = True, self._clock()
                Thread(target=self._ask, daemon=True, name="job-table").start()
            left = self._began + _PATIENCE_SECONDS - self._clock()
            self._changed.wait_for(lambda: not self._asking, max(0.0, left))
            return self._newest

    def problem(self) -> OutvotedError | None:
        """Return why the cluster gives no answer; None where it does."""
        self.newest()
        with self._changed:
            return _SILENT if self._asking else self._problem

    def forget(self) -> None:
        """Have the cluster asked anew by the next look: something was just changed."""
        with self._changed:
            self._asked = float("-inf")

    def _ask(self) -> None:
        asked = self._clock()
        found = self._newest
        problem: OutvotedError | None = None
        try:
            found = self._found()
        except OutvotedError as error:
            problem = error
        except Exception as error:
            problem = _unexpected(error)
        with self._changed:
            self._newest, self._problem = found, problem
            self._asked, self._asking = asked, False
            self._changed.notify_all()

    def _found(self) -> dict[str, JobSeen]:
        found: dict[str, tuple[int, JobSeen]] = {}
        for job in self._jobs().jobs():
            if job.notes.get("runs") == self._place:
                name, attempt = run_of(job.id)
                if name not in found or found[name][0] < attempt:
                    found[name] = attempt, job
        return {name: job for name, (_, job) in found.items()}


_SILENT = OutvotedError(
    expected="the jobs of the cluster",
    found="no answer for a second",
    remedy="see that the cluster is in order (`ray status` on its head)",
)


def place_of(runs: Path) -> str:
    """Return how a job is told its folder of runs: absolute, or the URL that it stands for."""
    return str(given_as(runs.absolute()))


def _unexpected(error: Exception) -> OutvotedError:
    return OutvotedError(
        expected="the jobs of the cluster",
        found=f"{type(error).__name__}: {str(error)[:200]}",
        remedy="see that the cluster is in order (`ray status` on its head)",
    )
