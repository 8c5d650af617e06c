"""Nothing is read from pipes and devices, which have no end: not as data, and not within a folder of data."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from outvoted.actors.data.sources import AnySource
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import refused

FORMATS: dict[str, dict[str, Any]] = {
    "npz": {},
    "svhn": {},
    "idx": {},
    "parquet": {"image": "image", "label": "label"},
    "huggingface": {"image": "image", "label": "label"},
    "table": {"label": "label"},
    "folder": {},
    "mnist": {},
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_pipe_or_a_device_is_no_data(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert "pipe, socket or device" in refused(name, path, **FORMATS[name]).found


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("idx", "train-images-idx3-ubyte"),
        ("mnist", "train-labels-idx1-ubyte.gz"),
        ("svhn", "train_32x32.mat"),
        ("parquet", "train/0.parquet"),
        ("huggingface", "train/state.json"),
        ("huggingface", "dataset_dict.json"),
        ("folder", "labels.csv"),
    ],
)
def test_a_pipe_in_a_folder_of_data_is_waited_for_by_nobody(name: str, file: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / file)
    assert "pipe, socket or device" in refused(name, tmp_path, **FORMATS[name]).found


@pytest.mark.parametrize(("kind", "name"), [("parquet", "x.parquet"), ("array", "x.npy"), ("array", "x.npz")])
def test_a_pipe_is_nothing_to_scan(kind: str, name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    source = TypeAdapter[Any](AnySource).validate_python({"kind": kind, "path": tmp_path / name})
    with pytest.raises(OutvotedError, match="pipe, socket or device"):
        source.pieces(8)
