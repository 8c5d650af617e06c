"""Repositories: every source gives the same images in the same order, and says what is wrong with it."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import UNKNOWN, Item, Source
from outvoted.actors.data.sources import DatasetSource
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

N, SHAPE = 23, (1, 5, 7)
IMAGES: Pixels = np.random.default_rng(0).integers(0, 256, (N, *SHAPE), np.uint8)
LABELS = np.arange(N) % 4


def png(image: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[0]).save(buffer, "PNG")
    return buffer.getvalue()


def folder(path: Path) -> Source:
    for index, image in enumerate(IMAGES):
        place = path / f"{index // 10}" / f"{index:03d}.PNG"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(png(image))
    (path / "README.txt").write_text("no image")
    return FolderSource(path=path)


def parquet(path: Path, struct: bool, **options: Any) -> Source:
    for part, rows in enumerate((range(9), range(9, N))):
        images = [{"bytes": png(IMAGES[i]), "path": f"{i}.png"} if struct else png(IMAGES[i]) for i in rows]
        table = pa.table({"n": list(rows), "image": images, "label": LABELS[list(rows)]})
        pq.write_table(table, path / f"part-{part}.parquet", row_group_size=5)
    return ParquetSource(path=path, label="label", **options)


def pathed(path: Path) -> Source:
    folder(path)
    files = [{"bytes": None, "path": f"{index // 10}/{index:03d}.PNG"} for index in range(N)]
    form = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    pq.write_table(pa.table({"image": pa.array(files, form)}), path / "all.parquet")
    return ParquetSource(path=path / "all.parquet")


def array(path: Path, save: Callable[..., object], **options: Any) -> Source:
    save(path / "all.npz", x=IMAGES[:, 0], y=LABELS)
    return ArraySource(path=path / "all.npz", label="y", **options)


def npy(path: Path) -> Source:
    np.save(path / "all.npy", IMAGES)
    return ArraySource(path=path / "all.npy")


SOURCES: dict[str, Callable[[Path], Source]] = {
    "folder": folder,
    "parquet structs": lambda path: parquet(path, True),
    "parquet bytes": lambda path: parquet(path, False, column="image"),
    "parquet paths": pathed,
    "npz": lambda path: array(path, np.savez),
    "compressed npz": lambda path: array(path, np.savez_compressed, key="x"),
    "npy": npy,
}


def read(source: Source, batch: int) -> list[Item]:
    return [item for piece in source.pieces(batch) for item in piece.rows.items()]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_every_source_gives_all_images_in_order(
    make: Callable[[Path], Source], batch: int, tmp_path: Path
) -> None:
    source = make(tmp_path)
    items = read(source, batch)
    fit = Fit(shape=SHAPE)
    assert np.array_equal(np.stack([fit.fitted(item.content) for item in items]), IMAGES)
    known = [item.label for item in items]
    assert known in ([UNKNOWN] * N, LABELS.tolist())
    assert (known[0] != UNKNOWN) == (getattr(source, "label", None) is not None)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_pieces_follow_one_another_without_gap(make: Callable[[Path], Source], tmp_path: Path) -> None:
    source = make(tmp_path)
    end = 0
    for piece in source.pieces(4):
        assert piece.first == end
        assert len(list(piece.rows.items())) == piece.count > 0
        end += piece.count
    assert end == N


def test_a_data_set_gives_its_split_and_hides_nothing_but_what_is_skipped() -> None:
    source = DatasetSource(split="test", skip=1990)
    (piece,) = source.pieces(3)
    assert (piece.first, piece.count) == (1990, 10)
    assert len(read(source, 3)) == 10
    with pytest.raises(OutvotedError, match=r"scan\.source\.skip"):
        DatasetSource(split="test", skip=2000).pieces(3)


def test_a_file_that_cannot_be_read_is_an_item_too(tmp_path: Path) -> None:
    source = folder(tmp_path)
    pieces = source.pieces(100)
    (tmp_path / "0" / "003.PNG").unlink()
    items = [item for piece in pieces for item in piece.rows.items()]
    assert len(items) == N
    assert "No such file" in str(items[3].content)
    assert items[3].path == "0/003.PNG"


def test_an_empty_row_is_an_item_too(tmp_path: Path) -> None:
    form = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = pa.array(
        [None, {"bytes": None, "path": "gone.png"}, {"bytes": png(IMAGES[0]), "path": None}], form
    )
    pq.write_table(pa.table({"image": rows}), tmp_path / "a.parquet")
    contents = [item.content for item in read(ParquetSource(path=tmp_path), 9)]
    assert [str(content)[:12] for content in contents[:2]] == ["no image in ", "No such file"]
    assert contents[2] == png(IMAGES[0])


def bad_folder(path: Path) -> Source:
    (path / "notes.txt").write_text("")
    return FolderSource(path=path)


def no_image_column(path: Path) -> Source:
    pq.write_table(pa.table({"text": ["a"], "n": [1]}), path / "a.parquet")
    return ParquetSource(path=path)


def two_image_columns(path: Path) -> Source:
    pq.write_table(pa.table({"left": [b"a"], "right": [b"b"]}), path / "a.parquet")
    return ParquetSource(path=path)


def npz(path: Path, key: str | None = None, label: str | None = None, **arrays: Any) -> Source:
    np.savez(path / "a.npz", **arrays)
    return ArraySource(path=path / "a.npz", key=key, label=label)


def plain(path: Path, content: Any) -> Source:
    np.save(path / "a.npy", content)
    return ArraySource(path=path / "a.npy")


def garbage(path: Path, name: str) -> Source:
    (path / name).write_bytes(b"garbage" * 9)
    return (ParquetSource if name.endswith("parquet") else ArraySource)(path=path / name)


BAD: dict[str, tuple[Callable[[Path], Source], str]] = {
    "folder without images": (bad_folder, "1 .txt"),
    "empty folder": (lambda path: FolderSource(path=path), "an empty folder"),
    "no folder": (lambda path: FolderSource(path=path / "none"), "no such folder"),
    "no parquet": (lambda path: ParquetSource(path=path), r"a folder of \.parquet files"),
    "no such parquet": (lambda path: ParquetSource(path=path / "none.parquet"), "none.parquet"),
    "broken parquet": (lambda path: garbage(path, "a.parquet"), "a.parquet"),
    "no image column": (no_image_column, r"columns text \(string\), n \(int64\)"),
    "two image columns": (two_image_columns, "choose left or right"),
    "misspelt column": (lambda path: parquet(path, True, column="imge"), "did you mean 'image'"),
    "misspelt key": (lambda path: npz(path, "imags", images=IMAGES), "did you mean 'images'"),
    "misspelt label": (
        lambda path: npz(path, None, "lables", x=IMAGES, labels=LABELS),
        "did you mean 'labels'",
    ),
    "labels of another length": (lambda path: npz(path, "x", "y", x=IMAGES, y=LABELS[:3]), r"\(3,\)"),
    "two arrays": (lambda path: npz(path, a=IMAGES, b=IMAGES), "choose a or b"),
    "floats": (lambda path: plain(path, IMAGES.astype(np.float32)), "float32"),
    "objects": (lambda path: plain(path, np.array([{}, None])), "object"),
    "columns first": (lambda path: plain(path, np.asfortranarray(IMAGES)), "Fortran order"),
    "no array": (lambda path: garbage(path, "a.npy"), "magic string"),
    "no zip": (lambda path: garbage(path, "a.npz"), "not a zip file"),
    "no npy": (lambda path: ArraySource(path=path / "none.npy"), "no such file"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_before_anything_starts(
    make: Callable[[Path], Source], said: str, tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError, match=said):
        make(tmp_path).pieces(10)


def test_damage_in_the_middle_of_an_archive_is_said(tmp_path: Path) -> None:
    source = array(tmp_path, np.savez)
    pieces = source.pieces(10)
    data = bytearray((tmp_path / "all.npz").read_bytes())
    data[400:410] = bytes(10)
    (tmp_path / "all.npz").write_bytes(data)
    with pytest.raises(OutvotedError, match="damaged data"):
        list(pieces[0].rows.items())
