"""Small files that would become large: refused by what they say of themselves, before they are read."""

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from outvoted.actors.data import room
from outvoted.actors.data.formats import ArraySource, FolderSource, ParquetSource
from outvoted.actors.data.formats import parquet as parquet_format
from outvoted.actors.data.formats.columns import ColumnRows, class_names
from outvoted.actors.data.formats.huggingface import StreamShard
from outvoted.actors.data.formats.idx import idx_array
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.sources import chunks
from outvoted.actors.runs import png
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import load

LARGE = 8 << 20
"""Here, what grows to this is a bomb."""
MOST = 6 << 20
"""Bytes that reading may take in the meantime."""


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(room, "SMALL", 1 << 20)
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST


def npy_header(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    said = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    said = said.ljust(128 - 11) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(said)) + said


def deflated(size: int, begin: bytes = b"") -> Iterator[bytes]:
    """Give zeros, a little at a time, after a beginning."""
    yield begin
    for _ in range(size >> 16):
        yield bytes(1 << 16)


def zipped(path: Path, members: dict[str, Iterator[bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in members.items():
            with archive.open(f"{name}.npy", "w") as file:
                for part in parts:
                    file.write(part)


def npz(path: Path) -> Any:
    labels = io.BytesIO()
    np.save(labels, np.arange(LARGE >> 10) % 2)
    images = deflated(LARGE, npy_header((LARGE >> 10, 32, 32)))
    zipped(path / "a.npz", {"x_train": images, "y_train": iter([labels.getvalue()])})
    return load({"name": "npz", "path": str(path / "a.npz")})


def npz_labels(path: Path) -> Any:
    images = io.BytesIO()
    np.save(images, np.zeros((4, 4, 4), np.uint8))
    labels = deflated(LARGE, npy_header((LARGE,)))
    zipped(path / "a.npz", {"x_train": iter([images.getvalue()]), "y_train": labels})
    return load({"name": "npz", "path": str(path / "a.npz")})


def npz_lying(path: Path) -> Any:
    zipped(
        path / "a.npz", {"x_train": iter([npy_header((10**9, 32, 32))]), "y_train": iter([npy_header((9,))])}
    )
    return load({"name": "npz", "path": str(path / "a.npz")})


def scanned_npz_lying(path: Path) -> Any:
    zipped(path / "a.npz", {"x": iter([npy_header((10**15, 32, 32))])})
    return ArraySource(path=path / "a.npz").pieces(1)


def scanned_npz_labels(path: Path) -> Any:
    images, labels = deflated(LARGE, npy_header((LARGE, 1, 1))), deflated(LARGE, npy_header((LARGE,)))
    zipped(path / "a.npz", {"x": images, "y": labels})
    return ArraySource(path=path / "a.npz", key="x", label="y").pieces(1 << 20)


def scanned_npy_lying(path: Path) -> Any:
    (path / "a.npy").write_bytes(npy_header((10**15, 32, 32)) + bytes(999))
    return ArraySource(path=path / "a.npy").pieces(1)


def scanned_row_too_large(path: Path) -> Any:
    (path / "a.npy").write_bytes(npy_header((1, 10**6, 10**6)))
    return ArraySource(path=path / "a.npy").pieces(1)


def idx(shape: tuple[int, ...]) -> bytes:
    return bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)


def gzipped_idx(path: Path) -> Any:
    with gzip.open(path / "a.gz", "wb") as file:
        for part in deflated(LARGE, idx((LARGE >> 10, 32, 32))):
            file.write(part)
    return idx_array(path / "a.gz").read()


def gzipped_idx_longer_than_it_says(path: Path) -> Any:
    with gzip.open(path / "a.gz", "wb") as file:
        for part in deflated(LARGE, idx((4, 4, 4))):
            file.write(part)
    return idx_array(path / "a.gz").read()


def lying_idx(path: Path) -> Any:
    (path / "a").write_bytes(idx((2**32 - 1, 2**32 - 1, 4)) + bytes(99))
    return idx_array(path / "a").read()


def lying_gzipped_idx(path: Path) -> Any:
    (path / "a.gz").write_bytes(gzip.compress(idx((2**32 - 1, 2**32 - 1, 4)) + bytes(99)))
    return idx_array(path / "a.gz").read()


def mat(path: Path) -> Any:
    packing, packed = zlib.compressobj(), b""
    for part in deflated(LARGE, struct.pack("<II", 14, LARGE)):
        packed += packing.compress(part)
    packed += packing.flush()
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    (path / "a.mat").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    return load({"name": "svhn", "path": str(path / "a.mat")})


def many_rows(path: Path, rows: int = 10**6) -> None:
    """Write a million rows into few bytes: every value the same."""
    images = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([b"x"]))
    labels = pa.array(np.zeros(rows, np.int8))
    pq.write_table(pa.table({"image": images, "label": labels}), path / "a.parquet", compression="zstd")
    assert (path / "a.parquet").stat().st_size < 20_000


def parquet(path: Path) -> Any:
    many_rows(path)
    return load({"name": "parquet", "path": str(path)})


def scanned_parquet(path: Path) -> Any:
    many_rows(path)
    return ParquetSource(path=path, label="label").pieces(1)


def stream_of_many_rows(path: Path) -> Any:
    table = pa.table({"image": pa.nulls(10**7), "label": pa.nulls(10**7)})
    with pa.OSFile(str(path / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (path / "state.json").write_text('{"_data_files": [{"filename": "a.arrow"}]}')
    return load({"name": "huggingface", "path": str(path)})


def deep_json(path: Path) -> Any:
    (path / "state.json").write_text("[" * 200_000)
    return load({"name": "huggingface", "path": str(path)})


def csv(path: Path) -> Any:
    with gzip.open(path / "a.csv.gz", "wb") as file:
        for part in deflated(LARGE, b"a,b\n"):
            file.write(part)
    return load({"name": "table", "path": str(path / "a.csv.gz"), "label": "b"})


BOMBS: dict[str, Callable[[Path], Any]] = {
    "npz": npz,
    "labels in npz": npz_labels,
    "an npz that lies": npz_lying,
    "a scanned npz that lies": scanned_npz_lying,
    "labels in a scanned npz": scanned_npz_labels,
    "a scanned npy that lies": scanned_npy_lying,
    "one row too large": scanned_row_too_large,
    "gzipped idx": gzipped_idx,
    "gzipped idx, longer than it says": gzipped_idx_longer_than_it_says,
    "idx that lies": lying_idx,
    "gzipped idx that lies": lying_gzipped_idx,
    "mat": mat,
    "parquet of many rows": parquet,
    "scanned parquet of many rows": scanned_parquet,
    "arrow of many rows": stream_of_many_rows,
    "deep JSON": deep_json,
    "packed text": csv,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_small_file_that_would_become_large_is_refused_before_it_is_read(
    bomb: Callable[[Path], Any], tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError) as caught:
        bomb(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(("size", "rows"), [(1 << 20, 4), (10, 256)])
def test_a_large_value_that_many_rows_repeat_is_held_few_times(
    size: int, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_format, "_TOGETHER", 5 << 20)
    images = pa.DictionaryArray.from_arrays(pa.array(np.zeros(250, np.int8)), pa.array([bytes(size)]))
    table = pa.table({"image": images, "label": [0, 1] * 125})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        assert parquet_format.rows_at_once(file, 256) == rows
    source = ParquetSource(path=tmp_path)
    assert len([item.path for item in source.pieces(9)[0].rows.items()]) == 250


def png_that_says(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(99))) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def gif_that_says(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + png.encode(np.zeros((1, 2, 2), np.uint8))[:20]


def tiff_that_says(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (77, 99)).save(buffer, "TIFF")
    return (
        buffer.getvalue()
        .replace(struct.pack("<I", 77), struct.pack("<I", width))
        .replace(struct.pack("<I", 99), struct.pack("<I", height))
    )


PICTURES = {
    "png": png_that_says(20_000, 20_000),
    "a larger png": png_that_says(10_000, 10_000),
    "the largest png": png_that_says(2**31 - 1, 2**31 - 1),
    "ppm": b"P5 60000 60000 255\n" + bytes(99),
    "gif": gif_that_says(65_535, 65_535),
    "tiff": tiff_that_says(60_000, 60_000),
    "bmp": b"BM"
    + struct.pack("<IHHI", 99, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 60000, 60000, 1, 8, *[0] * 6),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_picture_of_more_pixels_than_any_is_refused_by_its_header(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(content)
    with pytest.raises(OutvotedError, match=r"89,478,485|not an image file"):
        load({"name": "folder", "path": str(tmp_path), "classes": 2, "test_share": 0})
    source = FolderSource(path=tmp_path)
    (chunk,) = chunks(source.pieces(9)[0], Fit(shape=(1, 4, 4)), 9)
    assert len(chunk.undecodable) == 1


def test_many_large_pictures_are_refused_before_they_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available", lambda: 50_000)
    for index in range(4):
        path = tmp_path / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png.encode(np.zeros((1, 128, 128), np.uint8)))
    with pytest.raises(OutvotedError, match=r"4 images like .*png") as caught:
        load({"name": "folder", "path": str(tmp_path)})
    assert caught.value.found == "0.1 MiB once they are read"
    assert "data.size" in caught.value.remedy
    assert load({"name": "folder", "path": str(tmp_path), "size": [8, 8]}).shape == (1, 8, 8)


def test_data_that_compress_well_are_no_bomb(tmp_path: Path) -> None:
    images = np.zeros((600, 28, 28), np.uint8)
    images[:, 9:14, 9:14] = 255
    np.savez_compressed(tmp_path / "a.npz", x_train=images, y_train=np.arange(600) % 10)
    assert (tmp_path / "a.npz").stat().st_size * 50 < images.size
    assert load({"name": "npz", "path": str(tmp_path / "a.npz")}).classes == 10


def test_names_in_a_schema_that_nest_without_end_are_none() -> None:
    form = pa.schema([("label", pa.int64())], {b"huggingface": b'{"info":' * 100_000})
    shard = StreamShard(Path("x"), Path(), form, "image", 0, 1, True, np.zeros((1, 2), np.int64))
    assert class_names(ColumnRows("", (shard,), "label")) is None


def test_free_memory_is_known_and_said() -> None:
    assert 0 < room.available() <= 1 << 62
    with pytest.raises(OutvotedError, match=r"GiB of free memory of this machine") as caught:
        room.check_room(1 << 70, "x.npz")
    assert caught.value.found == f"{2**40:,}.0 GiB once they are read"
