"""What a pass over images on disk found is remembered for as long as no file changes."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.split import StoredPixels
from outvoted.actors.runs import png
from tests.actors.data.formats import FORMATS, Format, load, picture, put, read


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for data, in which no cache is."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of all images that are decoded one by one, as they are."""
    rows: list[int] = []
    decode = StoredPixels._decoded

    def watched(self: StoredPixels, content: Any, number: int) -> Any:
        rows.append(number)
        return decode(self, content, number)

    monkeypatch.setattr(StoredPixels, "_decoded", watched)
    return rows


@pytest.mark.parametrize(
    "name", ["folder", "labels.csv", "webdataset", "npz NHWC", "npy", "idx", "parquet", "huggingface"]
)
def test_a_data_set_that_has_not_changed_is_not_read_again(
    name: str, some: Split, place: Path, decoded: list[int]
) -> None:
    form: Format = FORMATS[name]
    setting = {**form.written(place, train=form.fit(some)), "hold": "disk"}
    first = load(setting)
    assert decoded
    decoded.clear()
    again = load(setting)
    assert not decoded
    assert (again.fingerprint, again.understood) == (first.fingerprint, first.understood)
    assert load({**setting, "classes": 7}).fingerprint != first.fingerprint
    assert load({**setting, "test_share": 0.3}).fingerprint != first.fingerprint
    held = load({**setting, "hold": "memory"})
    assert held.fingerprint == first.fingerprint


def folder(path: Path) -> Dataset:
    return read("folder", path, hold="disk", test_share=0)


def test_a_file_that_changes_is_seen_whatever_its_size_and_date_say(place: Path) -> None:
    for index in range(6):
        put(place / "ab"[index % 2] / f"{index}.png", picture(50 + index))
    before, file = folder(place).fingerprint, place / "a" / "2.png"
    state, other = file.stat(), png.encode(np.full((1, 4, 4), 90, np.uint8))
    assert len(other) == state.st_size
    file.write_bytes(other)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert folder(place).fingerprint != before


def test_colours_are_remembered(place: Path, decoded: list[int]) -> None:
    for index in range(6):
        content = picture() if index else png.encode(np.full((3, 4, 4), 90, np.uint8))
        put(place / "ab"[index % 2] / f"{5 - index}.png", content)
    first = folder(place)
    decoded.clear()
    again = folder(place)
    assert not decoded
    assert again.shape == first.shape == (3, 4, 4)
    assert again.train is again.test


def test_what_can_change_unseen_is_read_again(place: Path) -> None:
    for index in range(6):
        put(place / f"{index}.png", picture(50 + index))
    rows = [{"bytes": None, "path": f"{index}.png"} for index in range(6)]
    pq.write_table(pa.table({"image": rows, "label": [0, 1] * 3}), place / "x.parquet")
    setting = {"name": "parquet", "path": str(place), "hold": "disk", "test_share": 0}
    first = load(setting).fingerprint
    put(place / "3.png", picture(99))
    assert load(setting).fingerprint != first


def test_a_cache_that_cannot_be_written_or_is_damaged_stops_nothing(
    tmp_path: Path, cache: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(6):
        put(place / "ab"[index % 2] / f"{index}.png", picture(50 + index))
    before = folder(place).fingerprint
    for file in cache.rglob("passes/*"):
        file.write_bytes(b"{")
    assert folder(place).fingerprint == before
    monkeypatch.setenv("XDG_CACHE_HOME", str(put(tmp_path / "no folder")))
    assert folder(place).fingerprint == before
