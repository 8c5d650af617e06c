"""What every request can reach: the settings, the folder of runs, and the cluster that runs are jobs of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from outvoted.cluster.service.browsed_runs import BrowsedRuns
from outvoted.cluster.service.connection import Connection
from outvoted.cluster.service.errors import BusyError, ConflictError
from outvoted.cluster.service.fetching import Fetching
from outvoted.cluster.service.job_table import JobTable
from outvoted.cluster.service.label_desks import LabelDesks
from outvoted.cluster.service.recent import RecentGlances
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.votes import HostedVotes
from outvoted.cluster.submitting.dashboard import Jobs

if TYPE_CHECKING:
    from outvoted.cluster.service.watching import Watching

_ASKING = 8
_WAIT_SECONDS = 1.0
_START_SECONDS = 180.0


@dataclass(frozen=True)
class Service:
    """A service; what changes is on disk or on the cluster, and what is kept here is found there again.

    Attributes:
        jobs: gives the jobs of the cluster; raises ``NotReadyError`` while it can't be reached.
        votes: the panels of runs that vote; in this process unless they are said to be elsewhere.
        cluster: what the jobs are asked of; None where they are pretended.
        desks: the runs that people are labelling.
        browsed: the runs whose mistakes are looked through.
    """

    settings: ServiceSettings
    jobs: Callable[[], Jobs]
    votes: HostedVotes = field(default_factory=HeldVotes)
    cluster: Connection | None = None
    desks: LabelDesks = field(default_factory=LabelDesks)
    browsed: BrowsedRuns = field(default_factory=BrowsedRuns)
    _asking: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_ASKING), repr=False)
    _waiting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_ASKING), repr=False)
    _claiming: Lock = field(default_factory=Lock, repr=False)
    _claimed: set[str] = field(default_factory=set, repr=False)

    @property
    def runs(self) -> Path:
        """The folder of runs."""
        return self.settings.runs

    @cached_property
    def table(self) -> JobTable:
        """The cluster's jobs, as they were a moment ago."""
        return JobTable(self.jobs, self.runs)

    @cached_property
    def glances(self) -> RecentGlances:
        """The folder's runs, as they were a moment ago."""
        return RecentGlances(self.runs)

    @cached_property
    def fetching(self) -> Fetching:
        """What brings runs at a URL here."""
        return Fetching()

    @cached_property
    def watching(self) -> "Watching":
        """The runs that somebody watches."""
        from outvoted.cluster.service.watching import Watching  # which needs this class

        return Watching(self)

    def wait(self) -> None:
        """Wait for a cluster that is still starting, as it does for a while after the service.

        Raises:
            NotReadyError: it does not start, or takes minutes.
            BusyError: many wait for it already.
        """
        if self.cluster is None or self.cluster.is_made:
            return
        if not self._waiting.acquire(blocking=False):
            raise BusyError(
                expected=f"at most {_ASKING} requests that wait for the cluster to start",
                found="one more",
                remedy="try again in a while",
                after=10,
            )
        try:
            self.cluster.wait(_START_SECONDS)
        finally:
            self._waiting.release()
        self.table.forget()

    @contextmanager
    def claiming(self, name: str) -> Iterator[None]:
        """Be the only request, within the block, that starts or resumes a run of this name.

        Raises:
            ConflictError: another one does.
            BusyError: as many runs as there may be are under way, or about to be.
        """
        newest = self.table.newest()
        with self._claiming:
            self._check_free(name, {run for run, job in newest.items() if not job.ended} | self._claimed)
            self._claimed.add(name)
        try:
            yield
        finally:
            self._claimed.discard(name)
            self.table.forget()
            self.glances.forget()

    def _check_free(self, name: str, going: set[str]) -> None:
        if name in self._claimed:
            raise ConflictError(
                expected=f"no other request that starts {name}",
                found="one that is doing so right now",
                remedy="watch that one, or choose another name",
            )
        if len(going) >= self.settings.most_runs:
            raise BusyError(
                expected=f"at most {self.settings.most_runs} runs under way at once",
                found=f"{len(going)}: {', '.join(sorted(going)[:10])}",
                remedy="wait for one to end or stop one, or start the service with a larger --most-runs",
                after=10,
            )

    @contextmanager
    def asking(self) -> Iterator[Jobs]:
        """Ask the cluster within the block; a cluster that hangs holds up few threads, not all.

        Raises:
            NotReadyError: it can't be reached yet.
            BusyError: many wait for its answer already.
        """
        jobs = self.jobs()
        if not self._asking.acquire(timeout=_WAIT_SECONDS):
            raise BusyError(
                expected=f"at most {_ASKING} requests at once that the cluster has to answer",
                found="a cluster that has not answered those before yet",
                remedy="try again in a while; see that the cluster is in order",
            )
        try:
            yield jobs
        finally:
            self._asking.release()


def _of(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


Here = Annotated[Service, Depends(_of)]
"""The service that a request is put to, as an argument of what answers it."""
