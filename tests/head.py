"""One head of Ray with its dashboard for all tests that want one, started as the service starts its own."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from outvoted.cluster.service.local_cluster import LocalCluster

SOURCES = Path(__file__).parents[1] / "src"


@dataclass(frozen=True)
class Head:
    """A head of Ray with its dashboard.

    Attributes:
        address: the dashboard's URL.
        gcs: where programs join it.
        folder: the home of its runs' user.
        logs: where Ray keeps logs.
    """

    address: str
    gcs: str
    token: str
    folder: Path
    logs: Path


@pytest.fixture(scope="session")
def head() -> Iterator[Head]:
    """One small head for all tests that are marked so; its runs see this very source."""
    home = Path(tempfile.mkdtemp(prefix="oh", dir="/tmp"))
    cluster = LocalCluster(home / "own", cpus=2)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HOME", home), ("PYTHONPATH", SOURCES), ("OMP_NUM_THREADS", 1)):
            patch.setenv(name, str(value))
        patch.delenv("OUTVOTED_RUNS", raising=False)
        address = cluster.connect().address
    found, gcs = cluster.found(), cluster.gcs
    assert found is not None
    assert gcs is not None
    try:
        yield Head(address, gcs, found.token, home, found.folder / "session_latest" / "logs")
    finally:
        cluster.end()
        shutil.rmtree(home, ignore_errors=True)
