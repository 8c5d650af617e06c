"""Every kind of run is drawn with the images it was made from, or not at all."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.studies.kinds import open_study
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings


class Opened(Protocol):
    """Something that has data."""

    @property
    def data(self) -> Dataset:
        """The data set."""


OPENED: dict[str, Callable[[Path], Opened]] = {
    "mine": lambda path: OpenedRun(RunFolder(path)),
    "scan": lambda path: OpenedRun(RunFolder(path)),
    "study": lambda path: open_study(OpenedRun(RunFolder(path))),
    "sweep": lambda path: open_sweep(OpenedRun(RunFolder(path))),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "study": {"study": {"kind": "morphs"}},
    "sweep": {"experiment": {"kind": "temperature"}, "seeds": [0]},
}


def rewritten(store: RunFolder, kind: str, data: Path | None = None) -> Path:
    """Make a run one of another kind, or one whose data lie elsewhere."""
    path = store.path / "run.json"
    record = json.loads(path.read_text())
    record["kind"] = kind
    record["config"] |= SETTINGS.get(kind, {})
    if data is not None:
        record["config"]["data"]["path"] = str(data)
    path.write_text(json.dumps(record))
    return store.path


@pytest.mark.parametrize("kind", OPENED)
def test_the_images_are_those_of_the_record(kind: str, own: RunFolder) -> None:
    found = OPENED[kind](rewritten(own, kind)).data
    assert found.fingerprint == json.loads((own.path / "run.json").read_text())["data"]["fingerprint"]


@pytest.mark.parametrize("kind", OPENED)
def test_other_images_are_refused(kind: str, own: RunFolder, digits_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(digits_folder, tmp_path / "digits"))
    path = folder / "t10k-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(path.read_bytes()))
    labels[-1] ^= 1
    path.write_bytes(gzip.compress(labels))
    opened = OPENED[kind](rewritten(own, kind, folder))
    with pytest.raises(OutvotedError, match="other images or labels in") as refused:
        opened.data  # noqa: B018
    assert str(folder) in refused.value.found
    assert str(own.path) in refused.value.expected


def test_what_is_no_configuration_of_this_version_is_said(own: RunFolder) -> None:
    record = own.read_record()
    record.config = {"search": {"patients": 3}}
    own.write_record(record)
    with pytest.raises(OutvotedError, match="keys or values that are not this version's") as refused:
        OpenedRun(own).configured("search", SearchSettings)
    assert str(own.path / "run.json") in refused.value.expected
