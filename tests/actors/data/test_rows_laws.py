"""Laws of every format's rows, and of both views of them: what is read by range is what is read at once."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.datasets import Split
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.pictures import Fit, Look
from outvoted.actors.data.rows import UNKNOWN, Piece, Rows, Source
from outvoted.actors.data.sources import DatasetSource, chunks
from outvoted.actors.runs import png
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import ADAPTER, FORMATS, Format, load

SHAPE = (3, 5, 4)
LOOK = Look(mode="rgb")
Make = Callable[[Path, Split], Rows]


def labelled(form: Format) -> Make:
    def rows(folder: Path, split: Split) -> Rows:
        settings = ADAPTER.validate_python(form.written(folder, train=form.fit(split)))
        return settings.read().train  # type: ignore[union-attr]

    return rows


def scanned(name: str, source: Callable[[Path], Source]) -> Make:
    def rows(folder: Path, split: Split) -> Rows:
        FORMATS[name].written(folder, train=split)
        return source(folder).rows()

    return rows


def scanned_npy(folder: Path, split: Split) -> Rows:
    np.save(folder / "a.npy", split.images)
    return ArraySource(path=folder / "a.npy").rows()


ROWS: dict[str, Make] = {name: labelled(form) for name, form in FORMATS.items()} | {
    "scanned npz": scanned("npz NCHW", lambda path: ArraySource(path=path / "data.npz", key="x_train")),
    "scanned npy": scanned_npy,
    "scanned folder": scanned("folder", lambda path: FolderSource(path=path)),
    "scanned parquet": scanned("parquet", lambda path: ParquetSource(path=path, label="label")),
    "scanned grid": lambda path, _: GridSource(points=5, board=Checkerboard()).rows(),
    "scanned data set": lambda path, _: DatasetSource(split="test").rows()[:30],
}


@pytest.fixture(params=ROWS)
def rows(request: pytest.FixtureRequest, some: Split, tmp_path: Path) -> Rows:
    """Thirty images, or so, in every format."""
    return ROWS[request.param](tmp_path, some)


def pixels(rows: Rows) -> list[Any]:
    """Decode item by item."""
    return [Fit(shape=(3, 5, 4)).fitted(item.content).tolist() for item in rows.items()]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 30), (7, 19), (24, 25), (11, 11), (20, 99)])
def test_a_range_is_read_as_the_same_rows_of_all(rows: Rows, first: int, last: int) -> None:
    part = rows[first:last]
    assert pixels(part) == pixels(rows)[first:last]
    assert [item.path for item in part.items()] == [item.path for item in rows.items()][first:last]
    np.testing.assert_array_equal(part.labels(), rows.labels()[first:last])
    assert len(part) == len(rows.labels()[first:last])


def test_a_range_of_a_range_is_a_range(rows: Rows) -> None:
    assert pixels(rows[3:20][4:9]) == pixels(rows[7:12])


def test_items_carry_the_labels(rows: Rows) -> None:
    assert [item.label for item in rows.items()] == rows.labels().tolist()


def test_rows_travel_to_another_process(rows: Rows) -> None:
    arrived = pickle.loads(pickle.dumps(rows[5:9]))
    assert pixels(arrived) == pixels(rows[5:9])


def test_reading_at_once_gives_what_reading_one_by_one_gives(rows: Rows) -> None:
    if rows.pixels(Look()).shape[2:] == SHAPE[1:]:
        assert rows.pixels(LOOK).tolist() == pixels(rows)
        assert rows[4:21].pixels(LOOK).tolist() == pixels(rows)[4:21]


@pytest.mark.parametrize("size", [1, 4, 100])
def test_cuts_begin_at_the_first_row_and_ascend(rows: Rows, size: int) -> None:
    cuts = list(rows.cuts(size))
    assert cuts[0] == 0
    assert cuts == sorted(set(cuts))
    assert cuts[-1] < len(rows)


def test_a_row_is_named_alike_in_every_range(rows: Rows) -> None:
    if rows.name(7) != f"image 7 of {rows.where}":  # counted from where the range begins
        assert rows[5:9].name(2) == rows.name(7)


def _source(name: str, path: Path) -> Source:
    """Return what scans the files of a labelled format, where they can be scanned."""
    kind = FORMATS[name].name
    if kind == "npz":
        return ArraySource(path=path / "data.npz", key="x_train", label="y_train")
    if kind == "parquet":
        return ParquetSource(path=path, label=dict(FORMATS[name].settings).get("label", "label"))
    return FolderSource(path=path)


SCANNED = [name for name, form in FORMATS.items() if form.name in ("npz", "parquet", "folder")]


@pytest.mark.parametrize("name", SCANNED)
def test_a_labelled_set_that_is_scanned_gives_the_same_pixels(name: str, some: Split, tmp_path: Path) -> None:
    form = FORMATS[name]
    data = load({**form.written(tmp_path, train=form.fit(some)), "test_share": 0})
    found = [
        chunk
        for piece in _source(name, tmp_path).pieces(7)
        for chunk in chunks(piece, Fit(shape=data.shape), 7)
    ]
    np.testing.assert_array_equal(np.concatenate([chunk.images for chunk in found]), data.train.images)
    labels = np.concatenate([chunk.labels for chunk in found])
    assert labels.tolist() in (data.train.labels.tolist(), [UNKNOWN] * 30)
    assert np.concatenate([chunk.positions for chunk in found]).tolist() == list(range(30))


def _damaged(folder: Path, form: str) -> tuple[dict[str, Any], Source, str]:
    """Write three images, the middle one of which is none: settings of both views, and its name."""
    images = [_png(10), b"no image", _png(30)]
    if form == "parquet":
        pq.write_table(pa.table({"image": images, "label": [0, 1, 0]}), folder / "a.parquet")
        return {"name": "parquet", "path": str(folder)}, ParquetSource(path=folder), "row 1, column image"
    for index, data in enumerate(images):
        (folder / "a").mkdir(exist_ok=True)
        (folder / "a" / f"{index}.png").write_bytes(data)
    return {"name": "folder", "path": str(folder), "classes": 2}, FolderSource(path=folder), "a/1.png"


def _png(value: int) -> bytes:
    return png.encode(np.full((1, 4, 4), value, np.uint8))


@pytest.mark.parametrize("form", ["parquet", "folder"])
def test_an_image_that_is_none_is_fatal_where_it_is_labelled_and_told_where_it_is_scanned(
    form: str, tmp_path: Path
) -> None:
    settings, source, name = _damaged(tmp_path, form)
    with pytest.raises(OutvotedError, match=name):
        load(settings)
    (chunk,) = [chunk for piece in source.pieces(9) for chunk in chunks(piece, Fit(shape=(1, 4, 4)), 9)]
    assert chunk.positions.tolist() == [0, 2]
    (told,) = chunk.undecodable
    assert (told["position"], told["reason"]) == (1, "not an image file")


def test_pieces_hold_their_own_rows_and_no_others(some: Split, tmp_path: Path) -> None:
    FORMATS["folder"].written(tmp_path, train=some)
    pieces = FolderSource(path=tmp_path).pieces(1)
    assert len(pickle.dumps(pieces[0])) < 2000
    assert all(isinstance(piece, Piece) and piece.count == 1 for piece in pieces)
