"""Which files are read: the same laws for every format, labelled or scanned."""

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from outvoted.actors.data import files
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import FolderSource, ParquetSource
from outvoted.actors.data.pictures import Fit, UndecodableError
from outvoted.actors.data.rows import Item, Source
from outvoted.actors.data.sources import Chunk, chunks
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import load, picture, put

IMAGE_STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
Read = Callable[[Path], Dataset]


def labelled(path: Path, **settings: Any) -> Dataset:
    return load({"name": "folder", "path": str(path), "test_share": 0, **settings})


def scanned(source: Source) -> list[Item]:
    return [item for piece in source.pieces(100) for item in piece.rows.items()]


def two_classes(root: Path) -> Path:
    for value, name in enumerate(("cat/1.png", "cat/2.png", "dog/1.png")):
        put(root / name, picture(100 + value))
    return root


# What a row names, relative to the folder or not.
OUTSIDE: dict[str, Callable[[Path, Path], str]] = {
    "an absolute path": lambda folder, secret: str(secret),
    "a way up": lambda folder, secret: f"../{secret.name}",
    "a way up and down": lambda folder, secret: f"./sub/../../{secret.name}",
    "a link": lambda folder, secret: _link(folder / "link.png", secret).name,
    "a linked folder": lambda folder, secret: f"{_link(folder / 'far', secret.parent).name}/{secret.name}",
    "a link in a circle": lambda folder, secret: _link(folder / "round.png", folder / "round.png").name,
    "a zero byte": lambda folder, secret: "a\0.png",
    "a long name": lambda folder, secret: "x" * 5000,
    "the folder": lambda folder, secret: ".",
}


REFUSALS = ("does not lie inside", "a folder", "name too long")


def _link(path: Path, to: Path) -> Path:
    path.symlink_to(to)
    return path


@dataclass(frozen=True)
class Naming:
    """A format in which rows name files: how it is written, read, and whether it scans."""

    write: Callable[[Path, str], None]
    read: Callable[[Path], Any]


def _csv(folder: Path, name: str) -> None:
    (folder / "labels.csv").write_text(f'file,label\ngood.png,0\n"{name}",1\n')


def _table(folder: Path, name: str) -> None:
    rows = [{"bytes": picture(), "path": None}, {"bytes": None, "path": name}]
    pq.write_table(pa.table({"image": pa.array(rows, IMAGE_STRUCT), "label": [0, 1]}), folder / "a.parquet")


def _stream(folder: Path, name: str) -> None:
    rows = [{"bytes": picture(), "path": None}, {"bytes": None, "path": name}]
    table = pa.table({"image": pa.array(rows, IMAGE_STRUCT), "label": [0, 1]})
    with pa.OSFile(str(folder / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text('{"_data_files": [{"filename": "a.arrow"}]}')


LABELLED_ROWS = {
    "labels.csv": Naming(_csv, labelled),
    "parquet": Naming(_table, lambda path: load({"name": "parquet", "path": str(path), "test_share": 0})),
    "parquet file": Naming(
        _table, lambda path: load({"name": "parquet", "path": str(path / "a.parquet"), "test_share": 0})
    ),
    "huggingface": Naming(
        _stream, lambda path: load({"name": "huggingface", "path": str(path), "test_share": 0})
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good picture, and a file beside it that no row may reach."""
    put(tmp_path / "data" / "good.png")
    put(tmp_path / "secret.png", picture(255))
    return tmp_path / "data"


@pytest.mark.parametrize("where", OUTSIDE)
@pytest.mark.parametrize("form", LABELLED_ROWS)
def test_no_row_reads_a_file_outside_its_folder(form: str, where: str, folder: Path) -> None:
    if (form, where) == ("labels.csv", "a zero byte"):
        pytest.skip("no text holds it")
    naming = LABELLED_ROWS[form]
    naming.write(folder, OUTSIDE[where](folder, folder.parent / "secret.png"))
    with pytest.raises(OutvotedError) as caught:
        naming.read(folder)
    assert any(words in caught.value.found for words in REFUSALS)


@pytest.mark.parametrize("where", OUTSIDE)
@pytest.mark.parametrize("single", [True, False], ids=["a file", "a folder"])
def test_no_row_of_a_scan_reads_a_file_outside_its_folder(where: str, single: bool, folder: Path) -> None:
    _table(folder, OUTSIDE[where](folder, folder.parent / "secret.png"))
    good, bad = scanned(ParquetSource(path=folder / "a.parquet" if single else folder))
    assert good.content == picture()
    assert isinstance(bad.content, UndecodableError)
    assert any(words in str(bad.content) for words in REFUSALS)


@pytest.mark.parametrize("form", LABELLED_ROWS)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_row_may_name_a_file_inside_its_folder(form: str, absolute: bool, folder: Path) -> None:
    inner = put(folder / "sub" / "b.png", picture(9))
    naming = LABELLED_ROWS[form]
    naming.write(folder, str(inner) if absolute else "sub/b.png")
    assert naming.read(folder).train.images[:, 0, 0, 0].tolist() == [200, 9]
    if form == "parquet":
        assert [item.content for item in scanned(ParquetSource(path=folder))] == [picture(), picture(9)]


def test_a_folder_that_is_a_link_is_the_folder(folder: Path) -> None:
    _table(folder, "good.png")
    linked = _link(folder.parent / "linked", folder)
    assert len(LABELLED_ROWS["parquet"].read(linked).train) == 2
    assert [item.content for item in scanned(ParquetSource(path=linked))] == [picture()] * 2


@pytest.mark.parametrize("name", ["../other", "/etc", ".."])
def test_no_description_of_splits_leads_outside(name: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "dataset_dict.json").write_text(f'{{"splits": ["{name}"]}}')
    with pytest.raises(OutvotedError, match="does not lie inside"):
        load({"name": "huggingface", "path": str(tmp_path / "d"), "train": name})


def as_labelled(root: Path) -> int:
    return len(labelled(root).train)


def as_scanned(root: Path) -> int:
    return len(scanned(FolderSource(path=root)))


BOTH = pytest.mark.parametrize("count", [as_labelled, as_scanned], ids=["labelled", "scanned"])


@BOTH
@pytest.mark.parametrize(
    "name",
    [
        "._1.png",
        ".hidden.png",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".ipynb_checkpoints/1.png",
        "@eaDir/1.png",
    ],
)
def test_hidden_files_are_never_images(name: str, count: Callable[[Path], int], tmp_path: Path) -> None:
    two_classes(tmp_path)
    put(tmp_path / "cat" / name)
    put(tmp_path / name)
    assert count(tmp_path) == 3


@pytest.mark.parametrize("name", ["._train-0.parquet", ".cache/train-0.parquet", "__MACOSX/train-0.parquet"])
def test_hidden_tables_are_never_read(name: str, folder: Path) -> None:
    _table(folder, "good.png")
    put(folder / name, b"x")
    assert len(LABELLED_ROWS["parquet"].read(folder).train) == 2
    assert len(scanned(ParquetSource(path=folder))) == 2


@BOTH
def test_links_to_files_and_folders_are_followed(count: Callable[[Path], int], tmp_path: Path) -> None:
    far = two_classes(tmp_path / "far")
    (tmp_path / "data" / "dog").mkdir(parents=True)
    _link(tmp_path / "data" / "cat", far / "cat")
    _link(tmp_path / "data" / "dog" / "1.png", far / "dog" / "1.png")
    assert count(tmp_path / "data") == 3


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    two_classes(tmp_path)
    for name in ("cat/again", "again"):
        _link(tmp_path / name, tmp_path)
    assert as_scanned(tmp_path) == 3
    _link(tmp_path / "dog" / "cats", tmp_path / "cat")
    assert as_scanned(tmp_path) == 3 + 2
    _table(tmp_path, "cat/1.png")
    assert scanned(ParquetSource(path=tmp_path))


@BOTH
def test_a_folder_of_too_many_folders_is_refused(
    count: Callable[[Path], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_FOLDERS", 20)
    two_classes(tmp_path)
    for index in range(30):
        (tmp_path / "cat" / "deep" / str(index)).mkdir(parents=True)
    with pytest.raises(OutvotedError, match="at most 20 folders"):
        count(tmp_path)


@pytest.mark.parametrize(
    "stray", ["Thumbnails", ".ipynb_checkpoints/x.png", "__MACOSX/x.png", "aaa/.hidden.png"]
)
@pytest.mark.parametrize("split", [True, False], ids=["in a split", "without splits"])
def test_an_empty_class_folder_moves_no_label(stray: str, split: bool, tmp_path: Path) -> None:
    root = two_classes(tmp_path / "train") if split else two_classes(tmp_path)
    put(root / stray) if "." in stray else (root / stray).mkdir()
    data = labelled(tmp_path)
    assert (data.classes, data.class_names) == (2, ("cat", "dog"))
    assert data.train.labels.tolist() == [0, 0, 1]
    if "." not in stray:
        assert "empty folders passed over: Thumbnails" in data.understood


def test_an_empty_folder_within_a_class_is_no_image(tmp_path: Path) -> None:
    (two_classes(tmp_path) / "cat" / "Thumbnails").mkdir()
    assert as_labelled(tmp_path) == 3


# Bytes that are no picture, however they are met.
def frames(form: str) -> bytes:
    buffer = io.BytesIO()
    first = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).convert("RGB")
    first.save(buffer, form, save_all=True, append_images=[first.rotate(90)])
    return buffer.getvalue()


def deep(mode: str, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (4, 4)).save(buffer, form)
    return buffer.getvalue()


NO_PICTURES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not an image file"),
    "text": (b"hello", "not an image file"),
    "cut off": (deep("RGB", "JPEG")[:-40], "[Tt]runcated"),
    "a GIF of two frames": (frames("GIF"), "several frames"),
    "a TIFF of two pages": (frames("TIFF"), "several frames"),
    "a moving WebP": (frames("WEBP"), "several frames"),
    "a moving PNG": (frames("PNG"), "several frames"),
    "16 bits": (deep("I;16", "PNG"), "more than 8 bits"),
    "16 bits in colour": (b"P6 1 1 65535\n" + bytes(6), "more than 8 bits"),
    "floats": (deep("F", "TIFF"), "more than 8 bits"),
}


@pytest.mark.parametrize(("content", "reason"), NO_PICTURES.values(), ids=NO_PICTURES)
def test_bytes_that_are_no_picture_are_none_for_every_format(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    odd = put(two_classes(tmp_path / "a") / "cat" / "odd.png", content)
    with pytest.raises(OutvotedError, match=reason) as caught:
        labelled(tmp_path / "a")
    assert str(odd) in caught.value.expected
    pq.write_table(pa.table({"image": [content], "label": [0]}), tmp_path / "t.parquet")
    with pytest.raises(OutvotedError, match=reason):
        load({"name": "parquet", "path": str(tmp_path / "t.parquet"), "test_share": 0})
    for source in (FolderSource(path=tmp_path / "a"), ParquetSource(path=tmp_path / "t.parquet")):
        (row,) = [
            row for piece in source.pieces(9) for chunk in _chunks(source, piece) for row in chunk.undecodable
        ]
        assert re.search(reason, row["reason"])


def _chunks(source: Source, piece: Any) -> list[Chunk]:
    return list(chunks(piece, Fit(shape=(1, 4, 4)), 100))


@BOTH
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a dead link"])
def test_what_is_no_plain_file_is_never_waited_for(
    kind: str, count: Callable[[Path], int], tmp_path: Path
) -> None:
    odd = two_classes(tmp_path) / "cat" / "odd.png"
    if kind == "a pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/dev/zero" if kind == "a device" else "/nowhere/at/all")
    if count is as_labelled:
        with pytest.raises(OutvotedError, match=r"not a plain file|No such file"):
            count(tmp_path)
    else:
        (found,) = [item for item in scanned(FolderSource(path=tmp_path)) if item.path == "cat/odd.png"]
        assert str(found.content) in ("not a plain file", "No such file or directory")


def test_a_file_too_large_for_a_picture_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    put(two_classes(tmp_path) / "cat" / "odd.png", bytes(1001))
    with pytest.raises(OutvotedError, match="1,001 bytes; one picture may have at most 1,000"):
        labelled(tmp_path)


# Names that are not UTF-8.
ODD = os.fsdecode(b"caf\xe9")


@pytest.fixture
def odd_names(tmp_path: Path) -> Path:
    """A folder of classes one of which, and a picture in it, have names that are no UTF-8."""
    two_classes(tmp_path)
    try:
        put(tmp_path / ODD / f"{ODD}.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    return tmp_path


def test_names_of_classes_that_are_no_utf8_can_be_printed_and_recorded(odd_names: Path) -> None:
    data = labelled(odd_names)
    assert data.class_names == ("caf\\xe9", "cat", "dog")
    data.understood.encode()
    pa.array(data.class_names)


def test_names_of_scanned_files_that_are_no_utf8_can_be_printed_and_recorded(odd_names: Path) -> None:
    source = FolderSource(path=odd_names)
    (chunk,) = [chunk for piece in source.pieces(9) for chunk in _chunks(source, piece)]
    assert len(chunk.positions) == 4
    assert "caf\\xe9/caf\\xe9.png" in pa.array(Chunk.from_row(chunk.to_row()).paths).to_pylist()


def test_a_message_about_such_a_name_can_be_printed(odd_names: Path) -> None:
    put(odd_names / ODD / "\x1b[31mred.png", b"x")
    with pytest.raises(OutvotedError) as caught:
        labelled(odd_names)
    str(caught.value).encode()
    assert "caf\\xe9" in caught.value.expected
    assert "\\x1b[31mred.png" in caught.value.expected


def test_a_row_may_name_such_a_file(odd_names: Path) -> None:
    name = f"{ODD}/{ODD}.png".encode("utf-8", "surrogateescape")
    paths = pa.array([name]).cast(pa.binary())
    text = pa.Array.from_buffers(pa.string(), 1, paths.buffers())
    column = pa.StructArray.from_arrays([pa.array([None], pa.binary()), text], ["bytes", "path"])
    pq.write_table(pa.table({"image": column}), odd_names / "a.parquet")
    (item,) = scanned(ParquetSource(path=odd_names / "a.parquet"))
    assert (item.content, item.path) == (picture(), "caf\\xe9/caf\\xe9.png")
