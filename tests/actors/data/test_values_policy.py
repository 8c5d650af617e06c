"""What values mean: the same laws for labels and pixels in every format, labelled or scanned."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.io import savemat

from outvoted.actors.data.formats import ArraySource, ParquetSource
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Source
from outvoted.actors.runs import png
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import load, write_idx

N = 6
IMAGES: Pixels = np.random.default_rng(0).integers(256, size=(N, 4, 5), dtype=np.uint8)
PNGS = [png.encode(image[None]) for image in IMAGES]
Read = Callable[[Path, Any], Any]


def npz(path: Path, labels: Any) -> Any:
    np.savez(path / "a.npz", x_train=IMAGES, y_train=np.array(labels))
    return load({"name": "npz", "path": str(path / "a.npz")})


def csv(path: Path, labels: Any) -> Any:
    for index, data in enumerate(PNGS):
        (path / f"{index}.png").write_bytes(data)
    rows = "".join(f"{index}.png,{label}\n" for index, label in enumerate(labels))
    (path / "labels.csv").write_text(f"file,label\n{rows}")
    return load({"name": "folder", "path": str(path)})


def parquet(path: Path, labels: Any) -> Any:
    pq.write_table(pa.table({"image": PNGS, "label": pa.array(labels)}), path / "a.parquet")
    return load({"name": "parquet", "path": str(path / "a.parquet")})


def huggingface(path: Path, labels: Any) -> Any:
    table = pa.table({"image": PNGS, "label": pa.array(labels)})
    with pa.OSFile(str(path / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (path / "state.json").write_text('{"_data_files": [{"filename": "a.arrow"}]}')
    return load({"name": "huggingface", "path": str(path)})


def svhn(path: Path, labels: Any) -> Any:
    savemat(path / "a.mat", {"X": np.zeros((32, 32, 3, N), np.uint8), "y": np.array(labels)[:, None]})
    return load({"name": "svhn", "path": str(path / "a.mat")})


def scanned_parquet(path: Path, labels: Any) -> Any:
    pq.write_table(pa.table({"image": PNGS, "label": pa.array(labels)}), path / "a.parquet")
    return ParquetSource(path=path, label="label").pieces(4)


def scanned_npz(path: Path, labels: Any) -> Any:
    np.savez(path / "a.npz", x=IMAGES, y=np.array(labels))
    return ArraySource(path=path / "a.npz", key="x", label="y").pieces(4)


LABELLED: dict[str, Read] = {
    "npz": npz,
    "labels.csv": csv,
    "parquet": parquet,
    "huggingface": huggingface,
    "svhn": svhn,
    "scanned parquet": scanned_parquet,
    "scanned npz": scanned_npz,
}
NO_LABELS: dict[str, Any] = {
    "a fraction": [0, 1, 1.5, 1, 0, 1],
    "no number": [0, 1, float("nan"), 1, 0, 1],
    "infinite": [0, 1, float("inf"), 1, 0, 1],
    "negative": [0, 1, -1, 1, 0, 1],
    "beyond 16 bits": [0, 1, 40_000, 1, 0, 1],
    "beyond 64 bits": np.array([0, 1, 2**64 - 1, 1, 0, 1], np.uint64),
    "names": ["cat", "dog", "cat", "dog", "cat", "dog"],
    "numbers as text": ["0", "1", "0", "1", "0", "1"],
    "truth values": [True, False, True, False, True, False],
}


@pytest.mark.parametrize("labels", NO_LABELS.values(), ids=NO_LABELS)
@pytest.mark.parametrize("read", LABELLED.values(), ids=LABELLED)
def test_a_label_that_is_no_whole_number_is_refused_by_every_format(
    read: Read, labels: Any, tmp_path: Path
) -> None:
    if read is csv and labels[0] == "0":
        pytest.skip("where all is text, numbers are")
    with pytest.raises(OutvotedError) as caught:
        read(tmp_path, labels)
    assert str(tmp_path) in caught.value.expected
    assert "label" in caught.value.expected or "whole numbers" in caught.value.remedy


@pytest.mark.parametrize("kind", [np.uint8, np.int64, ">i4", np.float32, np.uint64])
@pytest.mark.parametrize("read", [npz, parquet, huggingface, scanned_parquet, scanned_npz])
def test_whole_numbers_of_any_type_are_labels(read: Read, kind: Any, tmp_path: Path) -> None:
    labels = np.array([0, 1, 0, 1, 0, 1], kind)
    swapped = labels.dtype.byteorder == ">" and read not in (npz, scanned_npz)
    found = read(tmp_path, labels.astype(np.int32) if swapped else labels)
    if read in (npz, parquet, huggingface):
        assert sorted({*found.train.labels, *found.test.labels}) == [0, 1]


def test_a_label_that_is_not_known_may_be_left_out_of_a_scan(tmp_path: Path) -> None:
    scanned_parquet(tmp_path, [0, None, 3, None, 0, 1])
    source = ParquetSource(path=tmp_path, label="label")
    assert [item.label for item in source.pieces(9)[0].rows.items()] == [0, -1, 3, -1, 0, 1]


@pytest.mark.parametrize("read", [scanned_parquet, scanned_npz])
def test_the_place_of_a_wrong_label_is_told(read: Read, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match=r"-7 at image 4 \(counted from 0\)"):
        read(tmp_path, [0, 1, 0, 1, -7, 1])


# How images may be encoded, by both readers of a table.
FORMS: dict[str, pa.Array] = {
    "binary": pa.array(PNGS),
    "large binary": pa.array(PNGS, pa.large_binary()),
    "binary view": pa.array(PNGS, pa.binary_view()),
    "dictionary": pa.array(PNGS).dictionary_encode(),
    "fixed size": pa.array([each.ljust(999, b"\0") for each in PNGS], pa.binary(999)),
    "struct": pa.array([{"bytes": each, "path": "no.png"} for each in PNGS]),
    "struct without path": pa.array([{"bytes": each} for each in PNGS]),
    "struct of views": pa.StructArray.from_arrays(
        [pa.array(PNGS, pa.binary_view()), pa.array(["no.png"] * N, pa.string_view())], ["bytes", "path"]
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_of_every_type_are_images_for_both_readers(form: str, tmp_path: Path) -> None:
    labels = pa.array([0, 1] * 3).dictionary_encode()
    pq.write_table(pa.table({"image": FORMS[form], "label": labels}), tmp_path / "a.parquet")
    data = load({"name": "parquet", "path": str(tmp_path), "test_share": 0})
    np.testing.assert_array_equal(data.train.images[:, 0], IMAGES)
    source = ParquetSource(path=tmp_path, label="label")
    items = [item for piece in source.pieces(4) for item in piece.rows.items()]
    assert [item.label for item in items] == [0, 1] * 3
    for item, image in zip(items, IMAGES, strict=True):
        np.testing.assert_array_equal(Fit(shape=(1, 4, 5)).fitted(item.content), image[None])


@pytest.mark.parametrize("empty", [pa.null(), pa.string(), pa.binary()])
def test_an_empty_shard_says_nothing_of_its_columns(empty: Any, tmp_path: Path) -> None:
    nothing = pa.table({"image": pa.array([], empty), "label": pa.array([], empty)})
    full = pa.table({"image": PNGS, "label": [0, 1] * 3})
    pq.write_table(nothing, tmp_path / "train-0.parquet")
    pq.write_table(full, tmp_path / "train-1.parquet")
    assert len(load({"name": "parquet", "path": str(tmp_path), "test_share": 0}).train) == N
    assert sum(piece.count for piece in ParquetSource(path=tmp_path, label="label").pieces(9)) == N


# One picture has the same pixels, whoever reads it.
def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


COLOURS = Image.fromarray(np.random.default_rng(1).integers(256, size=(9, 8, 3), dtype=np.uint8))
TURNED = Image.Exif()
TURNED[0x0112] = 6
PICTURES = {
    "grey": encoded(COLOURS.convert("L")),
    "black and white": encoded(COLOURS.convert("1")),
    "grey with transparency": encoded(COLOURS.convert("LA")),
    "transparent": encoded(Image.merge("RGBA", (*COLOURS.split(), COLOURS.convert("L")))),
    "palette": encoded(COLOURS.convert("P")),
    "palette with transparency": encoded(COLOURS.convert("P"), transparency=3),
    "CMYK": encoded(COLOURS.convert("CMYK"), "JPEG"),
    "turned": encoded(COLOURS, exif=TURNED),
    "GIF": encoded(COLOURS.convert("P"), "GIF"),
    "TIFF": encoded(COLOURS, "TIFF"),
}


@pytest.mark.parametrize("mode", ["grey", "rgb"])
@pytest.mark.parametrize("size", [(9, 8), (5, 6)], ids=["as it is", "resized"])
@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_picture_has_the_same_pixels_labelled_or_scanned(
    content: bytes, size: tuple[int, int], mode: str, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(content)
    setting = {"name": "folder", "path": str(tmp_path), "size": size, "mode": mode, "classes": 2}
    data = load({**setting, "test_share": 0})
    np.testing.assert_array_equal(data.train.images[0], Fit(shape=data.shape).fitted(content))


# Arrays whose white is not 255, and whose layout fits twice.
def arrays(path: Path, images: AnyArray, **options: Any) -> Source:
    np.save(path / "a.npy", images)
    return ArraySource(path=path / "a.npy", **options)


def read_npz(path: Path, images: AnyArray, **options: Any) -> Any:
    np.savez(path / "a.npz", x_train=images, y_train=np.arange(len(images)) % 2)
    return load({"name": "npz", "path": str(path / "a.npz"), "test_share": 0, **options}).train.images


def read_idx(path: Path, images: AnyArray, **options: Any) -> Any:
    write_idx(path / "train-images-idx3-ubyte", images)
    write_idx(path / "train-labels-idx1-ubyte", np.arange(len(images)) % 2)
    return load({"name": "idx", "path": str(path), "test_share": 0, **options}).train.images


def scan_npy(path: Path, images: AnyArray, **options: Any) -> Any:
    source = arrays(path, images, **options)
    return np.stack([item.content for piece in source.pieces(4) for item in piece.rows.items()])  # type: ignore[misc]


ARRAYS = pytest.mark.parametrize("read", [read_npz, read_idx, scan_npy])


@ARRAYS
@pytest.mark.parametrize("highest", [1, 16])
def test_arrays_of_few_shades_are_refused_by_every_format_until_white_is_said(
    read: Callable[..., Any], highest: int, tmp_path: Path
) -> None:
    images = (IMAGES % (highest + 1)).astype(np.uint8)
    with pytest.raises(OutvotedError, match=r"nearly black") as caught:
        read(tmp_path, images)
    assert ".white to the value of white" in caught.value.remedy
    np.testing.assert_array_equal(read(tmp_path, images, white=255)[:, 0], images)
    np.testing.assert_array_equal(read(tmp_path, images, white=highest).max(), 255)


@pytest.mark.parametrize("read", [read_npz, scan_npy])
def test_a_layout_that_fits_twice_is_refused_by_every_format_until_it_is_said(
    read: Callable[..., Any], tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(256, size=(N, 3, 7, 3), dtype=np.uint8)
    with pytest.raises(OutvotedError, match=r"layout to NHWC or NCHW"):
        read(tmp_path, images)
    np.testing.assert_array_equal(read(tmp_path, images, layout="NCHW"), images)
    np.testing.assert_array_equal(read(tmp_path, images, layout="NHWC"), images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("read", [read_npz, scan_npy])
@pytest.mark.parametrize("shape", [(N, 8, 8, 4), (N, 2, 8, 8), (N, 64)])
def test_shapes_that_are_no_images_are_refused_by_every_format(
    read: Callable[..., Any], shape: tuple[int, ...], tmp_path: Path
) -> None:
    with pytest.raises(OutvotedError):
        read(tmp_path, np.full(shape, 200, np.uint8))


def test_columns_first_and_other_bytes_first_read_alike(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_npz(tmp_path, np.asfortranarray(IMAGES))[:, 0], IMAGES)
    np.testing.assert_array_equal(read_npz(tmp_path, IMAGES.astype(">u2"))[:, 0], IMAGES)


def test_a_scan_takes_other_types_where_white_is_said(tmp_path: Path) -> None:
    np.testing.assert_array_equal(scan_npy(tmp_path, IMAGES / 255, white=1)[:, 0], IMAGES)


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    npz(tmp_path, [0, 1] * 3)
    assert load({"name": "npz", "path": "~/a.npz"}).shape == (1, 4, 5)
    assert ArraySource(path=Path("~/a.npz"), key="x_train").pieces(9)
    parquet(tmp_path, [0, 1] * 3)
    assert ParquetSource(path=Path("~/a.parquet")).pieces(9)
    (tmp_path / "t.csv").write_bytes(b"a,c\n1,x\n2,y\n3,x\n4,y\n")
    assert load({"name": "table", "path": "~/t.csv", "label": "c"}).classes == 2


def test_a_packed_table_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,c\n1,x\n2,y\n3,x\n4,y\n"))
    assert load({"name": "table", "path": str(tmp_path / "t.csv.gz"), "label": "c"}).classes == 2
