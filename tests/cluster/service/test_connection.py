import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Timer

import pytest

from outvoted.cluster.service import connection
from outvoted.cluster.service.connection import Cluster, Connection
from outvoted.cluster.service.errors import NotReadyError
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.service.starting import NewRun, start
from outvoted.cluster.submitting.dashboard import Jobs
from outvoted.search.errors import OutvotedError
from tests.cluster.submitting.pretended import PretendedCluster


class _Fragile(Cluster):
    """Fails as often as it is told to, and can be lost."""

    gcs = "127.0.0.1:1"
    environment: Mapping[str, str] = {"A": "b"}

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.connected, self.lost = failures, 0, False

    def prepare(self) -> None:
        """Do nothing."""

    def connect(self) -> Jobs:
        """Return pretended jobs, at last."""
        if self.failures:
            self.failures -= 1
            raise OutvotedError("a head", "none", "wait")
        self.connected, self.lost = self.connected + 1, False
        return PretendedCluster()

    def is_lost(self) -> bool:
        """Return what was set."""
        return self.lost


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(connection, "_AGAIN_SECONDS", 0.01)


def _awaited(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_until_the_cluster_is_there_it_is_said_to_be_starting() -> None:
    with pytest.raises(NotReadyError, match="still starting"):
        Connection(_Fragile()).jobs()


def test_a_cluster_that_does_not_start_is_tried_again_and_a_lost_one_started_again() -> None:
    cluster = _Fragile(failures=3)
    found = Connection(cluster)
    found.begin()
    _awaited(lambda: found.is_made)
    assert found.joined().gcs == cluster.gcs
    cluster.lost = True
    _awaited(lambda: cluster.connected == 2)
    found.end()


def test_a_run_that_is_started_while_the_cluster_starts_waits_for_it(tmp_path: Path) -> None:
    cluster = _Fragile()
    there, connect = Event(), cluster.connect

    def late() -> Jobs:
        there.wait(10)
        return connect()

    cluster.connect = late  # type: ignore[method-assign]
    found = Connection(cluster)
    service = Service(ServiceSettings(runs=tmp_path), found.jobs, cluster=found)
    found.begin()
    Timer(0.3, there.set).start()
    assert start(service, NewRun("data: {name: mnist-sample}", name="a")) == "a"
    found.end()


def test_why_there_is_no_cluster_is_said() -> None:
    found = Connection(_Fragile(failures=10**9))
    found.begin()

    def said() -> bool:
        with pytest.raises(NotReadyError) as error:
            found.jobs()
        return error.value.expected == "a head"

    _awaited(said)
    found.end()
