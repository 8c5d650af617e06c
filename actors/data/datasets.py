"""Labelled images, and where they are found."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BeforeValidator, Field

from outvoted.actors.data.files import UserPath, entries, refuse_streams, walked
from outvoted.actors.data.formats import AnyFormat, Feature, Idx
from outvoted.actors.data.formats.base import Contents, Format, Hold
from outvoted.actors.data.formats.features import FeatureTable
from outvoted.actors.data.labelled import labelled
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.split import Split as Split
from outvoted.actors.data.survey import Survey, fingerprint, survey
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError, printable
from outvoted.search.settings import MayChange, Settings

DatasetName = Literal["mnist-sample", "mnist", "fashion-mnist"]
ENVIRONMENT = "OUTVOTED_DATA"
_PACKAGED = Path(__file__).parent / "sample"

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
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


_CLASS_NAMES = {
    "fashion-mnist": (
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    )
}


class DataSettings(Settings):
    """A data set that is known by name."""

    name: DatasetName = "mnist-sample"
    path: Annotated[UserPath | None, MayChange()] = None
    """A folder with the four idx files; looked up by name where it is left out."""


def named(values: Any) -> Any:
    """Take the sample where no name is given, as in ``DataSettings``."""
    return {"name": "mnist-sample", **values} if isinstance(values, dict) else values


AnyData = DataSettings | AnyFormat
DataSource = Annotated[AnyData, Field(discriminator="name"), BeforeValidator(named)]
"""Which images a run trains on and takes its seeds from: a known set, or the user's own in some format."""


@dataclass(frozen=True)
class Dataset:
    """A training split, from which seeds are taken too, and a test split.

    Attributes:
        folder: the folder or file that was read.
        declared: number of classes where the data or the settings say it, else None.
        class_names: a name for each class, or None where the data has none.
        features: what pixels mean where images are rows of a table.
        notes: what was passed over while it was read, or understood in one of several ways.
        survey: what a pass over all images found, where they stay where they are stored.
    """

    name: str
    folder: Path
    train: Split
    test: Split
    declared: int | None = None
    class_names: tuple[str, ...] | None = None
    features: tuple[Feature, ...] | None = None
    notes: tuple[str, ...] = ()
    survey: Survey | None = None

    @property
    def understood(self) -> str:
        """What this was understood to be, in a few lines, so that a wrong reading is seen at once."""
        return _words(self)

    @property
    def classes(self) -> int:
        """Number of classes: what is declared, else the highest training label + 1."""
        return self.declared or int(self.train.labels.max()) + 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every image."""
        return self.train.shape

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over shapes, pixels and labels of both splits, and classes without a training image.

        Images that are not in memory are read again if they were not looked at when they were found.
        """
        suffix = _suffix(self.train, self.classes)
        known = None if self.survey is None else self.survey.fingerprint(self.train, self.test, suffix)
        return known or fingerprint(self.train, self.test, suffix)


def _suffix(train: Split, classes: int) -> str:
    """Return what a fingerprint ends with: networks have outputs for classes without an image too."""
    return f"{classes} classes" if classes > int(train.labels.max()) + 1 else ""


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
    return next((place for place in places if all((place / file).is_file() for file in _FILES)), None)


def known(settings: DataSettings) -> Idx:
    """Find a data set that is known by name, or download it.

    Raises:
        OutvotedError: it is not here and cannot be downloaded.
    """
    return Idx(path=find(settings) or _download(settings.name))


def load(settings: DataSource) -> Dataset:
    """Read a data set, downloading one that is known by name if it is nowhere on this machine.

    Raises:
        OutvotedError: it is not here and cannot be downloaded, a file or a part of it is missing or
            damaged, or what it holds are not labelled images of one size.
    """
    if settings.path is not None:
        refuse_streams(settings.path, _files_of(settings.name, settings.path))
    if not isinstance(settings, DataSettings):
        contents = settings.read()  # first: of a path that leads nowhere only reading says so in words
        return _dataset(printable(settings.path.resolve().name), settings.path, contents, settings)
    idx = known(settings)
    contents = Contents(idx.split("train"), idx.split("test"), _CLASS_NAMES.get(settings.name))
    return _dataset(settings.name, idx.path, contents, idx)


def _files_of(name: str, path: Path) -> Iterable[Path]:
    """Return the files of a folder that are opened as they are; pictures are looked at one by one."""
    if not path.is_dir():
        return ()
    if name == "folder":
        return (path / "labels.csv",)
    return walked(path) if name in ("parquet", "huggingface", "webdataset") else entries(path)


def names() -> tuple[DatasetName, ...]:
    """Return the names of all known data sets."""
    return get_args(DatasetName)


def _dataset(name: str, path: Path, contents: Contents, settings: Format | FeatureTable) -> Dataset:
    look = settings if isinstance(settings, Look) else Look()
    hold: Hold = settings.hold if isinstance(settings, Format) else "memory"
    train, test, notes = labelled(contents, look, settings.classes, settings.test_share, hold)
    names = contents.class_names
    classes = settings.classes or len(names or ()) or int(train.labels.max()) + 1
    if names is not None:  # classes without a name are called by their number
        names = names[:classes] + tuple(str(label) for label in range(len(names), classes))
    passed = None if train.held else survey(train, test, _suffix(train, classes))
    if passed is not None:
        train, test, notes = passed.train, passed.test, (*notes, _STORED)
    notes = (*contents.notes, *notes)
    return Dataset(name, path, train, test, classes, names, contents.features, notes, passed)


def _cache(name: str) -> Path:
    import pooch

    return Path(pooch.os_cache("outvoted")) / name


def _download(name: str) -> Path:
    import pooch

    url, checksums = _DOWNLOADS[name]
    folder = _cache(name)
    try:
        for file, md5 in zip(_FILES, checksums, strict=True):
            pooch.retrieve(url + file, f"md5:{md5}", fname=file, path=folder, progressbar=False)
    except (OSError, ValueError) as error:
        raise OutvotedError(
            expected=f"the idx files of {name} in data.path, in ${ENVIRONMENT}/{name}, or on the network",
            found=f"none on this machine, and {url} gave: {error}",
            remedy=f"put {', '.join(_FILES)} into a folder and name it with --set data.path=FOLDER",
        ) from error
    return folder


_STORED = "images stay on disk and are read as searches start from them (data.hold)"
_MANY_TIMES = 20
_SHOWN = 5
_DARK = 128


def _words(data: Dataset) -> str:
    """Say in a few lines what a data set was understood to be: splits, size, pixels, classes, notes."""
    train, test, names = data.train, data.test, data.class_names
    channels, height, width = data.shape
    same = train.labels is test.labels
    thing = "rows" if data.features else "images"
    count = f"{len(train):,} {thing}, both for training and for testing"
    split = count if same else f"{len(train):,} training and {len(test):,} test {thing}"
    low, high, shared = _levels(data)
    form = f"{height} x {width} {'grey' if channels == 1 else 'RGB'}, pixels {low}-{high}"
    form = f"{width} features" if data.features else form
    counts = np.bincount(train.labels, minlength=data.classes)
    each = thing if counts.max() > 1 else thing.removesuffix("s")
    lines = [f"{data.name}: {split}, {form}", f"{_classes(counts, names)} training {each} of each"]
    seen = [*data.notes, *_oddities(counts, names, high)]
    if shared:
        seen.append(f"{shared:,} of {len(test):,} test {thing} are among the training {thing} too")
    return "\n".join([*lines, *(f"note: {each}" for each in seen)])


def _classes(counts: Ints, names: Sequence[str] | None) -> str:
    few, many = int(counts.argmin()), int(counts.argmax())
    listed = f": {shortened(names)}" if names is not None and len(names) else ""
    begin = f"{len(counts):,} classes{listed}"
    if counts[few] == counts[many]:
        return f"{begin}; {counts[few]:,}"
    least, most = _called(few, names), _called(many, names)
    return f"{begin}; {counts[few]:,} ({least}) to {counts[many]:,} ({most})"


def _oddities(counts: Ints, names: Sequence[str] | None, high: int) -> Iterator[str]:
    without = np.flatnonzero(counts == 0)
    if len(without):
        which = shortened([_called(int(label), names) for label in without])
        yield f"no training image of {len(without):,} of {len(counts):,} classes: {which}"
    there = counts[counts > 0]
    if there.max() >= _MANY_TIMES * there.min():
        yield f"the largest class has {there.max() // there.min():,} times as many as the smallest"
    if high < _DARK:
        yield f"dark images: no pixel is above {high} of 255"


def _levels(data: Dataset) -> tuple[int, int, int]:
    """Return the least and largest training pixel, and how many test images are trained on too."""
    train, test = data.train, data.test
    if data.survey is not None:
        return data.survey.low, data.survey.high, data.survey.shared
    low, high = int(train.images.min()), int(train.images.max())
    if train.labels is test.labels:
        return low, high, 0
    known = {hash(image.tobytes()) for image in train.images}
    return low, high, sum(hash(image.tobytes()) in known for image in test.images)


def _called(label: int, names: Sequence[str] | None) -> str:
    return f"class {label}" if names is None or names[label] == str(label) else names[label]


def shortened(names: Sequence[str]) -> str:
    """List names, the middle left out where there are many."""
    if len(names) <= 2 * _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])}, … {names[-1]}"
