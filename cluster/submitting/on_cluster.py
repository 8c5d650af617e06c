"""Runs of a Ray cluster, as jobs, by way of its dashboard."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from outvoted.cluster.submitting.dashboard import Jobs, JobSeen
from outvoted.cluster.submitting.elsewhere import RunLine
from outvoted.cluster.submitting.entry import DEFAULT_RUNS, is_url, newest, runs_folder
from outvoted.cluster.submitting.fetching import Fetched, Tell, copy_from, fetch
from outvoted.cluster.submitting.logs import lines, place_of, plain, pulled
from outvoted.cluster.submitting.submitting import Submission, submit
from outvoted.search.errors import OutvotedError


class ClusterRuns:
    """The runs of a cluster; what the methods do is said by ``Elsewhere``."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    @property
    def named(self) -> Sequence[str]:
        """The option that names the cluster."""
        return "--address", self._jobs.address

    @property
    def tells_only_runs(self) -> bool:
        """Jobs' logs begin with what Ray says."""
        return False

    def submit(self, wanted: Submission, console: Console) -> JobSeen:
        """Check a run here, send what it needs, and start it."""
        return self._jobs.job(submit(wanted, self._jobs, console))

    def run(self, name: str) -> JobSeen:
        """Return the newest job of a run."""
        return newest(self._jobs, name)

    def now(self, run: JobSeen) -> JobSeen:
        """Return a job as it is now."""
        return self._jobs.job(run.id)

    def lines(self, run: JobSeen) -> Iterator[RunLine]:
        """Yield what a job has written, and what it writes until it ends."""
        for said, record in pulled(lambda: lines(self._jobs, run.id)):
            yield RunLine(said, record)

    def log(self, run: JobSeen) -> str:
        """Return what a job has said."""
        return plain(self._jobs.log(run.id))

    def stop(self, run: JobSeen) -> None:
        """Ask a job to end."""
        self._jobs.stop(run.id)

    def fetch(self, name: str, into: Path, runs: str | None, tell: Tell) -> Fetched | None:
        """Bring a run's folder here; that of one at a URL is copied from its store."""
        place = f"{runs_folder(runs)}/{name}" if runs else self._place(name)
        if is_url(place):
            copy_from(place, into)
            return None
        return fetch(self._jobs, place, into, tell)

    def _place(self, name: str) -> str:
        """Return where a run is; where the cluster has forgotten it, its folder may be in the usual place."""
        try:
            found = place_of(self._jobs.log(newest(self._jobs, name).id))
        except OutvotedError:
            found = None
        return found or f"{DEFAULT_RUNS}/{name}"
