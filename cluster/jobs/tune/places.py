"""Where a worker writes a trial's runs: into the sweep's folder, or, on a machine that lacks it, beside it.

A run that was made elsewhere is sent to an actor beside the driver, which puts it in place as a whole.
"""

import hashlib
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from outvoted.actors.runs import same_place
from outvoted.actors.runs.fence import check_owned
from outvoted.actors.runs.files import link, plain_name
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.ray.calls import result

RUNS = "runs"
"""The folder of trials' runs in that of a sweep."""
Files = Mapping[str, bytes]
"""A folder's files by their paths in it."""


class RunPlaces(ABC):
    """Where runs are made."""

    @abstractmethod
    def place(self, name: str) -> AbstractContextManager[RunFolder]:
        """Return a context in which a run's folder may be written; what is there of it is there."""


class SharedPlaces(RunPlaces):
    """In the sweep's folder, which this process sees."""

    def __init__(self, sweep: Path) -> None:
        self._sweep = sweep

    @contextmanager
    def place(self, name: str) -> Iterator[RunFolder]:
        """Give the run's own folder."""
        yield run_folder(self._sweep, name)


class SentPlaces(RunPlaces):
    """In a folder of this machine; each run is sent to the driver when it is made."""

    def __init__(self, taker: Any) -> None:
        """Take the part of the sweep's desk that fetches and puts runs."""
        self._taker = taker

    @contextmanager
    def place(self, name: str) -> Iterator[RunFolder]:
        """Fetch what there is of the run; send it back, also when it failed."""
        with tempfile.TemporaryDirectory(prefix="outvoted-") as scratch:
            folder = Path(scratch) / "sweep" / RUNS / name
            write_files(folder, result(self._taker.remote("fetched", name)))
            try:
                yield run_folder(Path(scratch) / "sweep", name)
            finally:
                result(self._taker.remote("put", name, read_files(folder)))


class RunTaker:
    """Beside the driver: gives and takes the files of runs."""

    def __init__(self, sweep: Path) -> None:
        """Take the sweep's folder."""
        self._runs = sweep / RUNS
        self._networks: dict[str, Path] = {}

    def fetched(self, name: str) -> Files:
        """Return a run's files; none where it was never begun."""
        return read_files(self._runs / plain_name(name))

    def put(self, name: str, files: Files) -> None:
        """Put a run's files in place of what there was of it, as a whole."""
        final = self._runs / plain_name(name)
        coming, gone = final.with_name(f".{name}.coming"), final.with_name(f".{name}.gone")
        check_owned(final)
        for left in (coming, gone):
            shutil.rmtree(left, ignore_errors=True)
        write_files(coming, files)
        self._share(coming, final)
        if final.exists():
            final.rename(gone)
        if coming.exists():
            coming.rename(final)
        shutil.rmtree(gone, ignore_errors=True)

    def _share(self, coming: Path, final: Path) -> None:
        """Have networks that came before with other runs, and come again, be one file."""
        for path in _networks(coming):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            known = self._networks.setdefault(digest, final / path.relative_to(coming))
            other = path.with_name(f".{path.name}.other")
            if known.is_file() and link(other, known):
                other.replace(path)


def _networks(folder: Path) -> list[Path]:
    return sorted((folder / RunFolder(folder).peers.name).glob("*.safetensors"))


def run_folder(sweep: Path, name: str) -> RunFolder:
    """Return the folder of a run of a trial; panels lie beside the sweep."""
    return RunFolder(sweep / RUNS / name, sweep.parent)


def seen(sweep: Path, question: str) -> bool:
    """Return whether this process sees the sweep's folder, in which the driver has written a question."""
    return same_place.asked(sweep) == question


def read_files(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder; none where there is none."""
    if not folder.is_dir():
        return {}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def write_files(folder: Path, files: Files) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder.joinpath(*(plain_name(part) for part in Path(name).parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
