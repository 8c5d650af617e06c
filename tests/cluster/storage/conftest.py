"""What two machines know of an object store."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.storage.store import Store, Stored, opened
from outvoted.search.errors import OutvotedError


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


BEFORE = {
    "peers/peers.parquet": "peers/a.safetensors",
    "searches/shard-1.parquet": "mistakes/shard-1.parquet",
    "searches/shard-2.parquet": "mistakes/shard-2.parquet",
    "searches/pack.parquet": "mistakes/pack.parquet",
}
"""What must be there before what."""


class Objects(Store):
    """Objects in memory, in a store that refuses after some requests that change it.

    Their times count how often they were put; or, with ``now``, are always of just now.
    """

    def __init__(self, left: int = 1 << 30) -> None:
        super().__init__(None, "", "s3://memory")
        self.held: dict[str, bytes] = {}
        self.times: dict[str, int] = {}
        self.left = left
        self.now = False

    def _change(self, name: str) -> None:
        if self.left <= 0:
            raise OutvotedError("to use s3://memory", "the store refuses", "wait")
        self.left -= 1
        self.times[name] = self.times.get(name, 0) + 1

    def write(self, name: str, data: Any) -> None:
        self._change(name)
        self.held[name] = bytes(data)
        assert BEFORE.get(name, name) in self.held

    def remove(self, name: str) -> None:
        self._change(name)
        self.held.pop(name, None)

    def read(self, name: str) -> bytes | None:
        return self.held.get(name)

    def get(self, name: str, file: Path) -> None:
        if name not in self.held:
            raise FileNotFoundError
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.held[name])

    def stat(self, names: Any) -> dict[str, Stored]:
        return {name: self._stored(name) for name in names if name in self.held}

    def objects(self) -> dict[str, Stored]:
        return {name: self._stored(name) for name in self.held if not any_hidden(name)}

    def _stored(self, name: str) -> Stored:
        return Stored(len(self.held[name]), time.time_ns() if self.now else self.times[name])


def wait(until: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"not within {seconds:g} seconds"
        time.sleep(0.01)
