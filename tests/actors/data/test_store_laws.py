"""Images in an object store are those in a folder: whatever is asked, the answers are equal."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.data import passes, split
from outvoted.actors.data.datasets import Split
from outvoted.actors.data.files import content, walked
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.formats.recognised import format_at
from outvoted.actors.data.pictures import UndecodableError
from outvoted.actors.data.rows import Source
from outvoted.actors.data.split import StoredPixels
from outvoted.actors.data.store_path import StorePath, placed
from outvoted.actors.runs import png
from outvoted.actors.runs.object_stores import StoreRefusedError
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import ADAPTER, FORMATS, Format, load, picture, put
from tests.object_store import BUCKET, hold, hold_all, let_go


def at(s3: str, name: str = "data") -> Path:
    return placed(Path(f"{s3}/{name}"))


def moved(setting: dict[str, Any], folder: Path, s3: str) -> dict[str, Any]:
    """Put a data set into the store, remove it here, and return the settings that read it there."""
    hold_all(folder, "data")
    shutil.rmtree(folder)
    return {**setting, "path": setting["path"].replace(str(folder), f"{s3}/data")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for data."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def test_every_format_is_read_from_a_store_as_from_a_folder(
    form: Format, some: Split, others: Split, place: Path, s3: str
) -> None:
    some = Split(some.images[::3], some.labels[::3])
    setting = form.written(place, train=form.fit(some), test=form.fit(others))
    here = load(setting)
    there = load(moved(setting, place, s3))
    assert there.fingerprint == here.fingerprint
    assert (there.class_names, there.notes) == (here.class_names, here.notes)
    np.testing.assert_array_equal(there.test.images, here.test.images)
    if form.name == "svhn":
        return
    left = load({**setting, "path": str(there.folder), "hold": "disk"})
    assert left.fingerprint == here.fingerprint
    arrived = pickle.loads(pickle.dumps(left.train))
    rows = np.random.default_rng(0).integers(10, size=9)
    np.testing.assert_array_equal(arrived.read(rows), here.train.images[rows])
    np.testing.assert_array_equal(left.train.some(rows[:4]).images, here.train.images[rows[:4]])


SOURCES: dict[str, tuple[str, Callable[[Path], Source]]] = {
    "folder": ("folder", lambda path: FolderSource(path=path)),
    "parquet": ("parquet", lambda path: ParquetSource(path=path, label="label")),
    "npz": ("npz NCHW", lambda path: ArraySource(path=path / "data.npz", key="x_train", label="y_train")),
    "npy": ("npy", lambda path: ArraySource(path=path / "x_train.npy")),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_scanned_in_a_store_is_what_is_scanned_in_a_folder(
    name: str, some: Split, place: Path, s3: str
) -> None:
    form, source = SOURCES[name]
    FORMATS[form].written(place, train=some)
    hold_all(place, "data")

    def read(found: Source) -> list[Any]:
        items = (item for piece in found.pieces(7) for item in piece.rows.items())
        return [
            (
                np.asarray(each.content).tolist() if form.startswith("np") else each.content,
                each.path,
                each.label,
            )
            for each in items
        ]

    assert read(source(at(s3))) == read(source(place))


def test_settings_say_the_url(s3: str) -> None:
    found = ADAPTER.validate_python({"name": "folder", "path": f"{s3}/a b/ü"})
    assert str(found.path) == f"{s3}/a b/ü"
    assert ADAPTER.validate_json(ADAPTER.dump_json(found)) == found
    assert isinstance(found.path, StorePath)
    assert found.path / "x" == placed(Path(f"{s3}/a b/ü/x"))


def test_what_lies_at_a_url_is_recognised(some: Split, place: Path, s3: str) -> None:
    for name in ("folder", "parquet", "npy", "webdataset", "huggingface"):
        form = FORMATS[name]
        (place / name).mkdir()
        form.written(place / name, train=some)
        hold_all(place / name, f"data/{name}")
        assert format_at(at(s3, f"data/{name}/{form.file}")).name == form.name


def test_a_data_set_that_has_not_changed_is_not_read_again(
    some: Split, place: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "SETTLED_NS", -(10**12))
    for name in ("folder", "webdataset", "parquet"):
        form = FORMATS[name]
        (place / name).mkdir()
        setting = moved(form.written(place / name, train=some), place / name, s3)
        first = load({**setting, "hold": "disk", "test_share": 0})
        with monkeypatch.context() as patch:
            patch.setattr(StoredPixels, "_decoded", lambda *_: pytest.fail("an image was read"))
            again = load({**setting, "hold": "disk", "test_share": 0})
        np.testing.assert_array_equal(again.train.read(np.array([1, 5])), first.train.read(np.array([1, 5])))
        assert again.fingerprint == first.fingerprint
        for file in walked(at(s3)):
            let_go(str(file.relative_to(at(s3, ""))))


@pytest.fixture
def pictures(s3: str) -> dict[str, Any]:
    """Eight pictures of two classes in a store, and the settings that read them."""
    for index in range(8):
        hold(f"data/{'ab'[index % 2]}/{index}.png", picture(50 + index))
    return {"name": "folder", "path": f"{s3}/data", "hold": "disk", "test_share": 0}


def test_an_object_that_is_gone_later_is_named_when_it_is_read(pictures: dict[str, Any]) -> None:
    data = load(pictures)
    let_go("data/b/3.png")
    np.testing.assert_array_equal(data.train.read(np.array([0, 7]))[:, 0, 0, 0], [50, 57])
    with pytest.raises(OutvotedError, match=r"s3://mistakes/data/b/3\.png") as caught:
        data.train.read(np.arange(8))
    assert "as they were" in caught.value.remedy


def test_an_object_that_goes_while_it_is_read_is_told(s3: str) -> None:
    hold("data/x.npy", bytes(1 << 20))
    with at(s3, "data/x.npy").open("rb") as file:
        assert file.read(10) == bytes(10)
        let_go("data/x.npy")
        file.seek(1 << 19)
        with pytest.raises(FileNotFoundError, match="no such object any more"):
            file.read(10)


def test_an_object_that_is_changed_later_is_not_taken_for_what_was_seen(pictures: dict[str, Any]) -> None:
    data = load(pictures)
    for other in (picture(99), picture(50)[:-9], b"", png.encode(np.zeros((3, 4, 4), np.uint8))):
        hold("data/b/3.png", other)
        with pytest.raises(OutvotedError) as caught:
            data.train.read(np.arange(8))
        assert "as they were" in caught.value.remedy
    assert load(pictures | {"hold": "memory"}).shape == (3, 4, 4)
    hold("data/b/3.png", picture(99))
    assert load(pictures).fingerprint != data.fingerprint


def test_a_store_that_does_not_answer_is_no_damaged_picture(
    pictures: dict[str, Any], s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(pictures)
    (piece,) = FolderSource(path=at(s3)).pieces(8)
    monkeypatch.setattr(split, "PAUSES", ())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for read in (lambda: data.train.read(np.arange(8)), lambda: list(piece.rows.items())):
        with pytest.raises(StoreRefusedError, match="can't be reached") as caught:
            read()
        assert "sesame" not in str(caught.value)


def test_a_bucket_or_a_folder_that_is_not_there_is_named(s3: str) -> None:
    for name in FORMATS:
        for url in (f"{s3}/none", "s3://other/none"):
            with pytest.raises(OutvotedError) as caught:
                load({"name": FORMATS[name].name, "path": url})
            assert url in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/../other",
        "s3://me:secret@bucket/x",
        "s3://bucket/x?endpoint_override=evil:9000",
        "s3://bucket/a\nb",
        "https://host/x.npy",
        "file:///etc",
        "az://container/x",
    ],
)
def test_what_is_no_place_in_a_store_is_refused_without_secrets(url: str) -> None:
    with pytest.raises(Exception, match="s3://") as caught:
        ADAPTER.validate_python({"name": "folder", "path": url})
    assert "secret" not in str(caught.value).replace(repr(url), "").split("[type=")[0]


OUTSIDE = ["../other/x.png", "/etc/passwd", "s3://mistakes/other/x.png", "a/../../other/x.png", "x\0y", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_a_row_names_outside_its_folder_is_not_read(name: str, s3: str, tmp_path: Path) -> None:
    hold("other/x.png", picture())
    table = pa.table({"image": [{"bytes": None, "path": name}] * 2, "label": [0, 1]})
    pq.write_table(table, tmp_path / "x.parquet")
    hold("data/x.parquet", (tmp_path / "x.parquet").read_bytes())
    with pytest.raises(OutvotedError) as caught:
        load({"name": "parquet", "path": f"{s3}/data"})
    found = caught.value.found
    assert "inside the folder" in found or "No such file" in found or "no image" in found
    hold("listed/labels.csv", f"file,label\nx.png,0\n{name},1\n".encode())
    hold("listed/x.png", picture())
    with pytest.raises(OutvotedError):
        load({"name": "folder", "path": f"{s3}/listed"})


def test_a_store_that_refuses_for_a_while_is_asked_again(
    pictures: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, waited = load(pictures), list[float]()
    ask, refusals = StorePath.opened, iter([True, True])

    def opened(path: StorePath) -> Any:
        if next(refusals, False):
            raise StoreRefusedError("to use it", "the store refuses", "wait")
        return ask(path)

    monkeypatch.setattr(StorePath, "opened", opened)
    monkeypatch.setattr("time.sleep", waited.append)
    assert data.train.read(np.array([1]))[0, 0, 0, 0] == 52
    assert waited == [1.0, 5.0]


@pytest.mark.parametrize("name", ["s3:/mistakes/other/x.png", "s3://mistakes/other/x.png"])
def test_a_row_of_data_on_this_machine_never_leads_to_a_store(
    name: str, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold("other/x.png", picture())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(StorePath, "opened", lambda _: pytest.fail("the store was asked"))
    (tmp_path / "labels.csv").write_text(f"file,label\n{name},0\ny.png,1\n")
    put(tmp_path / "y.png")
    with pytest.raises(OutvotedError):
        load({"name": "folder", "path": "."})


def test_names_that_no_file_could_have_are_passed_over(s3: str) -> None:
    for name in ("a/../x.png", "a//y.png", "a/", "a/./z.png", "a/.hidden.png", "/a/w.png"):
        hold(f"data/{name}", picture())
    for index, name in enumerate(("a/1.png", "b/2.png")):
        hold(f"data/{name}", picture(60 + index))
    data = load({"name": "folder", "path": f"{s3}/data", "test_share": 0})
    assert data.train.images[:, 0, 0, 0].tolist() == [60, 61]


def test_an_object_larger_than_pictures_are_is_not_read(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hold("data/a/1.png", picture())
    monkeypatch.setattr("outvoted.actors.data.files.MOST_BYTES", 10)
    with pytest.raises(UndecodableError, match="at most 10"):
        content(at(s3, "data/a/1.png"))


def test_a_store_path_is_a_path(s3: str) -> None:
    hold("data/a/1.txt", "x\nü".encode())
    folder = at(s3)
    assert folder.is_dir() and folder.exists() and not folder.is_file()  # noqa: PT018
    file = folder / "a" / "1.txt"
    assert file.is_file()
    assert (file.name, file.suffix, file.parent.parent) == ("1.txt", ".txt", folder)
    assert (file.read_text("utf-8"), file.read_bytes()) == ("x\nü", "x\nü".encode())
    assert file.stat().st_size == 4
    assert [one.name for one in folder.iterdir()] == ["a"]
    assert (folder / ".." / "b").resolve() == at(s3, "b")
    assert file.relative_to(folder).as_posix().endswith("a/1.txt")
    assert pickle.loads(pickle.dumps(file)) == file
    assert f"{folder}" == f"s3://{BUCKET}/data" == os.fspath(folder)
    for missing in (folder / "none", StorePath("s3:")):
        assert not missing.exists()
        with pytest.raises(FileNotFoundError):
            missing.open("rb")
