"""Labelled images, and where they are found."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pooch

from outvoted.actors.idx import read_idx
from outvoted.search.arrays import Ints, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

DatasetName = Literal["mnist-sample", "mnist", "fashion-mnist"]
ENVIRONMENT = "OUTVOTED_DATA"
_PACKAGED = Path(__file__).parent / "sample"

_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
# MD5s as their publishers give them, in the order of _FILES.
_DOWNLOADS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "fashion-mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
}


class DataSettings(Settings):
    """Which images a run trains on and takes its seeds from."""

    name: DatasetName = "mnist-sample"
    path: Path | None = None
    """A folder with the four idx files; looked up by name where it is left out."""


@dataclass(frozen=True)
class Split:
    """Labelled images.

    Attributes:
        images: shape (n, channels, height, width), uint8.
        labels: shape (n,), int64, 0 to classes - 1.
    """

    images: Pixels
    labels: Ints

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A training split, from which seeds are taken too, and a test split."""

    name: str
    folder: Path
    train: Split
    test: Split

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.train.labels.max()) + 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    @property
    def fingerprint(self) -> str:
        """SHA-256 over shapes, pixels and labels of both splits."""
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            digest.update(repr(split.images.shape).encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(split.labels.astype("<i8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Images:
    """What a peer must know of the data: its seeds, and the form of images and classes."""

    seeds: Split
    shape: tuple[int, int, int]
    classes: int


def find(settings: DataSettings) -> Path | None:
    """Return the folder that holds a data set without asking the network, or None.

    Looked at in this order: the explicit path, ``$OUTVOTED_DATA/<name>``, the sample in the package, what
    was downloaded before.
    """
    if settings.path is not None:
        return settings.path
    places = [_PACKAGED / settings.name.removesuffix("-sample")] if settings.name.endswith("-sample") else []
    if os.environ.get(ENVIRONMENT):
        places.insert(0, Path(os.environ[ENVIRONMENT]) / settings.name)
    places.append(_cache(settings.name))
    files = [file for pair in _FILES.values() for file in pair]
    return next((place for place in places if all((place / file).is_file() for file in files)), None)


def load(settings: DataSettings) -> Dataset:
    """Read a data set, downloading it if it is nowhere on this machine.

    Raises:
        OutvotedError: it is not here and cannot be downloaded, or a file is missing or corrupt.
    """
    folder = find(settings) or _download(settings.name)
    data = Dataset(settings.name, folder, _read_split(folder, "train"), _read_split(folder, "test"))
    if data.test.labels.max() >= data.classes:
        raise OutvotedError(
            expected=f"test labels among the training labels 0 to {data.classes - 1} in {folder}",
            found=f"the test label {data.test.labels.max()}",
            remedy="put training and test files of one data set into the folder",
        )
    return data


def names() -> tuple[DatasetName, ...]:
    """Return the names of all known data sets."""
    return get_args(DatasetName)


def _read_split(folder: Path, split: str) -> Split:
    image_file, label_file = (folder / name for name in _FILES[split])
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or labels.shape != images.shape[:1] or not len(labels):
        raise OutvotedError(
            expected=f"as many labels as images in {image_file.name} and {label_file.name}",
            found=f"arrays of shape {images.shape} and {labels.shape} in {folder}",
            remedy="download both files again, or name another folder with data.path",
        )
    return Split(images[:, None], labels.astype(np.int64))


def _cache(name: str) -> Path:
    return Path(pooch.os_cache("outvoted")) / name


def _download(name: str) -> Path:
    url, checksums = _DOWNLOADS[name]
    folder = _cache(name)
    files = [file for pair in _FILES.values() for file in pair]
    try:
        for file, md5 in zip(files, checksums, strict=True):
            pooch.retrieve(url + file, f"md5:{md5}", fname=file, path=folder, progressbar=False)
    except (OSError, ValueError) as error:
        raise OutvotedError(
            expected=f"the idx files of {name} in data.path, in ${ENVIRONMENT}/{name}, or on the network",
            found=f"none on this machine, and {url} gave: {error}",
            remedy=f"put {', '.join(files)} into a folder and name it with --set data.path=FOLDER",
        ) from error
    return folder
