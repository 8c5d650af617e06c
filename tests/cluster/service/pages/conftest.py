import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from outvoted.cluster.service.app import application
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from tests.cluster.service.serving import served
from tests.cluster.submitting.pretended import PretendedCluster

MANY = 100_000


@pytest.fixture(scope="session")
def mined(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with the small run, under the name ``small``."""
    runs = tmp_path_factory.mktemp("served") / "runs"
    shutil.copytree(run_path, runs / "small")
    return Service(ServiceSettings(runs=runs), PretendedCluster)


@pytest.fixture(scope="session")
def reader(mined: Service) -> Iterator[TestClient]:
    """Asks for the pages of the small run."""
    with TestClient(application(mined), base_url="http://127.0.0.1:8300") as started:
        yield started


@pytest.fixture(scope="session")
def site(mined: Service) -> Iterator[str]:
    """The address of the service, for a browser."""
    with served(application(mined)) as address:
        yield address


@pytest.fixture(scope="session")
def many(mined: Service) -> str:
    """The name of a run of ``MANY`` mistakes: those of the small run, again and again."""
    small, path = mined.runs / "small", mined.runs / "many"
    path.mkdir()
    for name in ("run.json", "peers"):
        (shutil.copytree if (small / name).is_dir() else shutil.copy)(small / name, path / name)
    for table in ("searches", "mistakes"):
        rows = pa.concat_tables(pq.read_table(file) for file in sorted((small / table).glob("*.parquet")))
        if table == "searches":
            rows = rows.filter(pc.equal(rows["outcome"], "mistake"))
        again = rows.take(pa.array(np.arange(MANY) % len(rows)))
        place = again.schema.get_field_index("search_id")
        again = again.set_column(place, again.schema.field(place), pa.array(np.arange(MANY)))
        (path / table).mkdir()
        pq.write_table(again, path / table / f"shard-{0:012}-{MANY - 1:012}.parquet", row_group_size=5000)
    return "many"
