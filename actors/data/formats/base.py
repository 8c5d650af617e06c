"""The interface of a data format: settings that say where labelled images lie, and what names a split."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Literal

from pydantic import Field

from outvoted.actors.data.files import DataPath, lacking
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.rows import Rows
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import MayChange, Settings

Classes = Annotated[int, Field(ge=2, le=MOST_CLASSES)] | None
Share = Annotated[float, Field(ge=0, lt=1)]
Hold = Literal["auto", "memory", "disk"]


@dataclass(frozen=True)
class Feature:
    """A column of a table and what its grey levels mean: 0 is ``low``, 255 is ``high``, in its unit."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Contents:
    """What a data set holds: training images, test images if there are any, and names of the classes.

    ``features`` says what pixels mean where images are rows of a table; ``notes`` what was passed over, or
    understood in one of several ways.
    """

    train: Rows
    test: Rows | None = None
    class_names: tuple[str, ...] | None = None
    features: tuple[Feature, ...] | None = None
    notes: tuple[str, ...] = ()


class Levels(Settings):
    """What the numbers of an array mean as pixels; encoded pictures say that themselves."""

    white: Annotated[float, Field(gt=0)] | None = None
    """The number that white has: values are scaled from 0 to it to pixels from 0 to 255, and rounded. Left
    out: 255, and images none of which comes near it are refused."""


class Format(ABC, Look):
    """Labelled images of the user's own in one format: frozen settings, no state."""

    path: Annotated[DataPath, MayChange()]
    """A file or folder, relative to the working directory; or its URL in an object store."""
    classes: Classes = None
    """Number of classes. Left out: as many as have names, or the highest label + 1."""
    test_share: Share = 0.1
    """Where there is no test split: the share of images held out for it. 0: all images are both."""
    hold: Annotated[Hold, MayChange()] = "auto"
    """Where images are while a run is under way: all decoded in memory, or on disk, to be read when searches
    start from them. Auto: on disk if they would take more than a quarter of the free memory."""

    @abstractmethod
    def read(self) -> Contents:
        """Find the images of each split.

        Raises:
            OutvotedError: something is missing, damaged, or not labelled images.
        """


WHOLE = "*"
"""As the name of the training split: there are no splits, whatever names look like."""
_KINDS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}


class SplitFormat(Format):
    """A format whose splits have names."""

    train: str = "train"
    """The split to train on and take seeds from; ``*``: all images are one set, whatever they are called."""
    test: str | None = None
    """The split to test with. Left out: ``test``, or else ``val``, ``validation`` or ``valid``."""

    def chosen(self, present: Collection[str]) -> tuple[str | None, str | None]:
        """Return the names of the training and the test split.

        Without a name that was asked for, ``training`` counts as ``train`` and ``testing`` as ``test``, in
        small or capital letters. (None, None) where none was asked for and none is present, or ``train`` is
        ``*``: then all images are one split.

        Raises:
            OutvotedError: a split that was asked for is missing, or two could be meant.
        """
        if self.train == WHOLE:
            if self.test is not None:
                raise lacking("split", self.test, (), self.path)
            return None, None
        asked = self.train != "train" or self.test is not None
        if not asked and not any(map(kind, present)):
            return None, None
        train = self._the(present, "train") if self.train == "train" else self.train
        for name in (train or self.train, self.test):
            if name is not None and name not in present:
                raise lacking("split", name, present, self.path)
        if self.test is not None:
            return train, self.test
        others = [name for name in present if name != train]
        return train, self._the(others, "test") or self._the(others, "val")

    def _the(self, present: Collection[str], wanted: str) -> str | None:
        """Return the one name of this kind."""
        found = sorted(name for name in present if kind(name) == wanted)
        if len(found) > 1:
            remedy = "rename one of them" if wanted == "train" else f"set data.test={found[0]} or {found[1]}"
            raise OutvotedError(
                expected=f"one split to {'train on' if wanted == 'train' else 'test with'} in {self.path}",
                found=f"{' and '.join(found)}, each of which could be meant",
                remedy=remedy,
            )
        return found[0] if found else None


def kind(name: str) -> str | None:
    """Return ``train``, ``test`` or ``val`` where a name, in any case, means that and nothing else."""
    return _KINDS.get(name.lower())


def split_in(file: PurePath) -> str | None:
    """Return the split that a file's path, relative to the data set's folder, names among other words.

    ``train-00000-of-00002``, ``x_test.1``, ``validation/0`` and ``split=train/0`` do.

    Raises:
        ValueError: it names two.
    """
    words = [word for part in (*file.parent.parts, file.stem) for word in re.split(r"[^a-zA-Z]+", part)]
    found = {kind(word): word.lower() for word in words if kind(word)}
    if len(found) > 1:
        raise ValueError(" and ".join(sorted(found.values())))
    return next(iter(found.values()), None)


def refuse_unclear(files: Iterable[Path], root: Path) -> None:
    """Refuse files without the name of a split of which some seem to have one all the same.

    Raises:
        OutvotedError: one has a word that begins or ends with train, and another one with test.
    """
    stems = [
        (file, re.split(r"[^a-z]+", str(file.relative_to(root).with_suffix("")).lower())) for file in files
    ]

    def like(word: str) -> Path | None:
        ends = ((file, token) for file, tokens in stems for token in tokens)
        return next((file for file, each in ends if each.startswith(word) or each.endswith(word)), None)

    train, test = like("train"), like("test") or like("valid")
    if train is not None and test is not None and train != test:
        raise OutvotedError(
            expected=f"files of which it is clear whether they are for training or for testing, in {root}",
            found=f"{train.name} and {test.name}: either two splits, or parts of one data set",
            remedy=f"call them train-… and test-…, or set data.train='{WHOLE}' if they are one data set",
        )
