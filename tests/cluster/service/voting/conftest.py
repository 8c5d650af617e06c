from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.service.voting.votes import PanelKey
from outvoted.search.arrays import Pixels
from tests.cluster.submitting.pretended import PretendedCluster


@pytest.fixture(scope="session")
def python_panel(run_path: Path) -> Panel:
    """The panel of the small run, as Python has it."""
    return Panel.load(run_path)


@pytest.fixture(scope="session")
def key(run_path: Path) -> PanelKey:
    """The panel of the small run, as the service asks for it."""
    fingerprint = RunFolder(run_path).read_record().panel_fingerprint
    assert fingerprint is not None
    return PanelKey(run_path, fingerprint)


@pytest.fixture(scope="session")
def pictures(digits: Dataset) -> Pixels:
    """Forty digits, on some of which the networks differ."""
    return digits.test.images[:40]


@pytest.fixture(scope="module")
def asked(run_path: Path) -> Iterator[TestClient]:
    """The service of the folder with the small run."""
    service = Service(ServiceSettings(runs=run_path.parent), PretendedCluster)
    with TestClient(application(service), base_url="http://127.0.0.1:8300") as client:
        yield client
