"""An object store of this machine, and what two machines know of it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.storage.store import Store, opened

BUCKET = "mistakes"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 server with a bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket; the environment says where it is."""
    import requests

    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "who",
        "AWS_SECRET_ACCESS_KEY": "sesame",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "OUTVOTED_CACHE"):
        monkeypatch.delenv(name, raising=False)
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)
    requests.put(f"{endpoint}/{BUCKET}", timeout=10)
    return f"s3://{BUCKET}"


@pytest.fixture
def store(s3: str) -> Store:
    """The objects of a run in that bucket."""
    return opened(f"{s3}/runs/night")


class Machines:
    """Machines with a cache each, of which one is used at a time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch

    def use(self, name: str) -> None:
        """Be this machine from now on."""
        self._monkeypatch.setenv("OUTVOTED_CACHE", str(self._folder / name))


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """As many machines as are named."""
    found = Machines(tmp_path / "machines", monkeypatch)
    found.use("first")
    return found


def write_record(run: Path, state: State = State.RUNNING, epoch: int = 1) -> None:
    """Write a `run.json`."""
    record = RunRecord(name=run.name, state=state, config={}, versions={}, epoch=epoch)
    RunFolder(run).write_record(record)


def content(folder: Path) -> dict[str, bytes]:
    """Return what the files of a folder hold, by name, but hidden ones."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not any_hidden(name)}


def any_hidden(name: str) -> bool:
    """Return whether a part of a name is hidden."""
    return any(part.startswith(".") for part in name.split("/"))
