"""The cluster of a service: found or started while pages answer already, and again where it is lost."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from outvoted.cluster.service.errors import NotReadyError
from outvoted.cluster.service.processes import head_of
from outvoted.cluster.submitting.dashboard import Dashboard, Jobs
from outvoted.search.errors import OutvotedError

_LOOK_SECONDS = 3.0
_AGAIN_SECONDS = 10.0
_STEP_SECONDS = 0.1


class Cluster(ABC):
    """Where a service's runs are made."""

    @abstractmethod
    def prepare(self) -> None:
        """Have it start, if it has to, without waiting for it.

        Raises:
            OutvotedError: the disk refuses.
        """

    @abstractmethod
    def connect(self) -> Jobs:
        """Find it, or start it; return its jobs. This may take a minute.

        Raises:
            OutvotedError: it can't be reached, or does not start.
        """

    @abstractmethod
    def is_lost(self) -> bool:
        """Return whether it has ended, so that it has to be started again."""

    @property
    @abstractmethod
    def gcs(self) -> str | None:
        """HOST:PORT at which a program joins it, once it is connected; None where that isn't known."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What a program that joins it needs in its environment, once it is connected."""


class GivenCluster(Cluster):
    """A cluster that somebody else has started, by the URL of its dashboard."""

    environment: Mapping[str, str] = {}

    def __init__(self, address: str) -> None:
        """Take the dashboard's address."""
        self._address = address
        self._session = ""

    def prepare(self) -> None:
        """Do nothing: it is there."""

    def connect(self) -> Jobs:
        """Return its jobs; see :class:`Dashboard`."""
        found = Dashboard(self._address)
        self._session = found.session
        return found

    @property
    def gcs(self) -> str | None:
        """HOST:PORT of its head, where this machine is one of the cluster's."""
        return head_of(self._session) if self._session else None

    def is_lost(self) -> bool:
        """Return False: whoever started it starts it again, at the same address."""
        return False


@dataclass(frozen=True)
class Joined:
    """What a program needs that joins a cluster: HOST:PORT of its head, and its own environment."""

    gcs: str
    environment: Mapping[str, str]


class Connection:
    """Connects to a cluster in a thread of its own, and again where the cluster is lost."""

    def __init__(self, cluster: Cluster, say: Callable[[str], object] = str) -> None:
        """Take the cluster; nothing happens before :meth:`begin`.

        Args:
            say: takes a line when the cluster is there, when it is lost, and why it can't be reached.
        """
        self._cluster, self._say = cluster, say
        self._jobs: Jobs | None = None
        self._problem: OutvotedError | None = None
        self._ended = Event()
        self._thread = Thread(target=self._keep, daemon=True, name="cluster")

    def begin(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def end(self) -> None:
        """Leave the cluster as it is."""
        self._ended.set()

    def jobs(self) -> Jobs:
        """Return the cluster's jobs.

        Raises:
            NotReadyError: it is not connected yet, or not any more.
        """
        jobs, problem = self._jobs, self._problem
        if jobs is not None:
            return jobs
        if problem is not None:
            raise NotReadyError(problem.expected, problem.found, problem.remedy)
        raise NotReadyError(
            expected="the cluster that runs are made on",
            found="one that is still starting",
            remedy="try again in a few seconds; runs that there are can be looked at meanwhile",
        )

    def wait(self, seconds: float) -> None:
        """Wait for a cluster that is still starting.

        Raises:
            NotReadyError: it does not start, or takes longer.
        """
        until = time.monotonic() + seconds
        while self._jobs is None and self._problem is None and time.monotonic() < until:
            self._ended.wait(_STEP_SECONDS)
        self.jobs()

    @property
    def is_made(self) -> bool:
        """Whether the cluster takes jobs, as far as is known."""
        return self._jobs is not None

    @property
    def may_join(self) -> bool:
        """Whether programs on this machine can join the cluster, as far as is known."""
        return self._jobs is not None and self._cluster.gcs is not None

    def joined(self) -> "Joined":
        """Return how a program on this machine joins the cluster.

        Raises:
            NotReadyError: it is not connected, or nothing but its dashboard is known.
        """
        self.jobs()
        if self._cluster.gcs is None:
            raise NotReadyError(
                expected="a cluster that this machine is one of",
                found="one of which only the dashboard is known",
                remedy="start the service on a machine of the cluster",
            )
        return Joined(self._cluster.gcs, self._cluster.environment)

    def _keep(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = _LOOK_SECONDS
            if self._jobs is not None and self._cluster.is_lost():
                self._jobs = None
                self._say("Ray has ended; another one is being started.")
            if self._jobs is None and not self._connects():
                pause = _AGAIN_SECONDS

    def _connects(self) -> bool:
        before = self._problem
        try:
            self._jobs = self._cluster.connect()
            self._problem = None
        except OutvotedError as error:
            self._problem = error
        except Exception as error:  # Ray's own
            self._problem = OutvotedError(
                expected="the cluster that runs are made on",
                found=f"{type(error).__name__}: {str(error)[:300]}",
                remedy="see the log beside the tokens, RUNS/.service/ray.log",
            )
        if self._problem is None:
            self._say("Ray is up: runs can be started.")
        elif str(before) != str(self._problem):
            self._say(f"Ray can't be reached yet:\n{self._problem}")
        return self._problem is None
