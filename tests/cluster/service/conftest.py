from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from tests.cluster.submitting.pretended import PretendedCluster


@pytest.fixture
def cluster() -> PretendedCluster:
    return PretendedCluster()


@pytest.fixture
def service(tmp_path: Path, cluster: PretendedCluster) -> Service:
    """A service of an empty folder of runs, whose cluster is pretended."""
    runs = tmp_path / "runs"
    runs.mkdir()
    return Service(ServiceSettings(runs=runs), lambda: cluster)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(application(service), base_url="http://127.0.0.1:8300") as started:
        yield started
