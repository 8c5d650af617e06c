"""Ways to write labelled images in every format that is read."""

import csv
import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from scipy.io import savemat

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSource, Split
from outvoted.actors.runs import png
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError

ADAPTER: TypeAdapter[DataSource] = TypeAdapter(DataSource)
Write = Callable[[Path, dict[str, Split]], None]


@dataclass(frozen=True)
class Format:
    """How splits, called train and test, are written, what settings read them, and how many channels fit."""

    name: str
    write: Write
    file: str
    """The path of what is written, within a folder; empty if it is the folder itself."""
    damaged: str
    """One file in it that holds pixels."""
    channels: tuple[int, ...] = (1, 3)
    settings: tuple[tuple[str, Any], ...] = ()

    def written(self, folder: Path, **splits: Split) -> dict[str, Any]:
        """Write splits into a folder and return the settings that read them."""
        self.write(folder, splits)
        return {"name": self.name, "path": str(folder / self.file), **dict(self.settings)}

    def fit(self, split: Split) -> Split:
        """Give a split as many channels as the format can hold."""
        if split.images.shape[1] in self.channels:
            return split
        images = split.images[:, :1] if self.channels == (1,) else split.images.repeat(3, axis=1)
        return Split(images, split.labels)


def load(settings: dict[str, Any]) -> Dataset:
    """Load what settings, as a configuration has them, say."""
    return datasets.load(ADAPTER.validate_python(settings))


def read(name: str, path: Path, **settings: Any) -> Dataset:
    """Load the data set of a format that lies at a path."""
    return load({"name": name, "path": str(path), **settings})


def refused(name: str, path: Path, **settings: Any) -> OutvotedError:
    """Return the error that reading ends in, after checking that it names the path."""
    with pytest.raises(OutvotedError) as caught:
        read(name, path, **settings)
    assert str(path) in str(caught.value)
    return caught.value


def picture(value: int = 200) -> bytes:
    """Return a PNG file of four by four pixels."""
    return png.encode(np.full((1, 4, 4), value, np.uint8))


def put(path: Path, content: bytes | None = None) -> Path:
    """Write a file, else a picture, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if content is None else content)
    return path


def image_column(split: Split) -> list[dict[str, Any]]:
    return [{"bytes": png.encode(image), "path": None} for image in split.images]


def write_idx(path: Path, array: AnyArray) -> Path:
    """Write an idx file of bytes, gzipped if its name ends in ``.gz``."""
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    content = head + array.astype(np.uint8).tobytes()
    return put(path, gzip.compress(content) if path.suffix == ".gz" else content)


def _idx(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        prefix = {"train": "train", "test": "t10k"}[name]
        write_idx(folder / f"{prefix}-images-idx3-ubyte", split.images[:, 0])
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", split.labels)


def _npz(layout: str) -> Write:
    def write(folder: Path, splits: dict[str, Split]) -> None:
        arrays: dict[str, AnyArray] = {}
        for name, split in splits.items():
            images = split.images.transpose(0, 2, 3, 1) if layout == "NHWC" else split.images
            arrays[f"x_{name}"] = images[:, 0] if layout == "NHW" else images
            arrays[f"y_{name}"] = split.labels
        np.savez(folder / "data.npz", **arrays)  # type: ignore[arg-type]  # its third argument is a bool

    return write


def _npy(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        np.save(folder / f"x_{name}.npy", split.images)
        np.save(folder / f"y_{name}.npy", split.labels)


def _class_folders(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            file = folder / name / f"class {label:05d}" / f"{index:04d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png.encode(image))


def _listed(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        (folder / name).mkdir(parents=True)
        rows = [(f"{index:04d}.png", label) for index, label in enumerate(split.labels)]
        with (folder / name / "labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("file", "label"), *rows])
        for (file_name, _), image in zip(rows, split.images, strict=True):
            (folder / name / file_name).write_bytes(png.encode(image))


def _parquet(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        table = pa.table({"image": image_column(split), "label": split.labels})
        pq.write_table(table, folder / f"{name}-00000-of-00001.parquet", row_group_size=3)


def _parquet_of_bytes(folder: Path, splits: dict[str, Split]) -> None:
    (split,) = splits.values() if len(splits) == 1 else (None,)
    for name, each in splits.items():
        table = pa.table({"png": [png.encode(image) for image in each.images], "class": each.labels})
        pq.write_table(table, folder / ("all.parquet" if split is not None else f"{name}.parquet"))


def _saved(folder: Path, splits: dict[str, Split]) -> None:
    import datasets as huggingface

    huggingface.disable_progress_bars()
    form = huggingface.Features({"image": huggingface.Image(), "label": huggingface.Value("int64")})
    parts = {
        name: huggingface.Dataset.from_dict(
            {"image": image_column(split), "label": split.labels}, features=form
        )
        for name, split in splits.items()
    }
    huggingface.DatasetDict(parts).save_to_disk(folder / "saved")


def write_tar(path: Path, split: Split, end: str = "png") -> None:
    """Write a WebDataset archive: for each image a picture and its label."""
    with tarfile.open(path, "w") as archive:
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            for suffix, content in ((end, png.encode(image)), ("cls", str(label).encode())):
                member = tarfile.TarInfo(f"a/{index:06d}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def _archives(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        half = len(split) // 2
        write_tar(folder / f"{name}-000.tar", Split(split.images[:half], split.labels[:half]))
        write_tar(folder / f"{name}-001.tar", Split(split.images[half:], split.labels[half:]))


def write_mat(path: Path, split: Split) -> None:
    """Write a file as SVHN's authors do: X 32 x 32 x 3 x N, y N x 1 with 10 for the digit 0."""
    labels = np.where(split.labels == 0, 10, split.labels).astype(np.uint8)
    savemat(path, {"X": split.images.transpose(2, 3, 1, 0), "y": labels[:, None]}, do_compression=True)


def _svhn(folder: Path, splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        write_mat(folder / f"{name}_32x32.mat", split)


SVHN = Format("svhn", _svhn, "", "train_32x32.mat", (3,))
FORMATS = {
    "idx": Format("idx", _idx, "", "train-images-idx3-ubyte", (1,)),
    "npz NHW": Format("npz", _npz("NHW"), "data.npz", "data.npz", (1,)),
    "npz NHWC": Format("npz", _npz("NHWC"), "data.npz", "data.npz", settings=(("layout", "NHWC"),)),
    "npz NCHW": Format("npz", _npz("NCHW"), "data.npz", "data.npz", settings=(("layout", "NCHW"),)),
    "npy": Format("npy", _npy, "", "x_train.npy", settings=(("layout", "NCHW"),)),
    "folder": Format("folder", _class_folders, "", "train/class 00000/0000.png"),
    "labels.csv": Format("folder", _listed, "", "train/0000.png"),
    "parquet": Format("parquet", _parquet, "", "train-00000-of-00001.parquet"),
    "parquet of bytes": Format(
        "parquet",
        _parquet_of_bytes,
        "",
        "train.parquet",
        settings=(("image", "png"), ("label", "class")),
    ),
    "huggingface": Format("huggingface", _saved, "saved", "saved/train/data-00000-of-00001.arrow"),
    "webdataset": Format("webdataset", _archives, "", "train-001.tar"),
    "svhn": SVHN,
}
