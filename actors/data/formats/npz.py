"""NumPy's files: ``.npz`` archives of labelled images, and any array of images to scan."""

import zipfile
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np

from outvoted.actors.data.files import DataPath, lacking, refuse_streams, unreadable
from outvoted.actors.data.formats.arrays import (
    BROKEN,
    ArrayRows,
    StoredArray,
    array_rows,
    names,
    npy_array,
    npz_array,
    plain,
)
from outvoted.actors.data.formats.base import Contents, Format, Levels
from outvoted.actors.data.numbers import CHANNELS, Layout, pixels
from outvoted.actors.data.pictures import MOST_PIXELS
from outvoted.actors.data.rows import Rows, Source
from outvoted.actors.data.store_path import readable
from outvoted.actors.runs.files import reason
from outvoted.search.errors import OutvotedError, suggestion

_TEST = ("x_test", "y_test")
_LOOKED_AT = 256


class Npz(Format, Levels):
    """An .npz file with an array of images and one of labels for each split."""

    name: Literal["npz"] = "npz"
    train_images: str = "x_train"
    """The array of training images."""
    train_labels: str = "y_train"
    """The array of their labels."""
    test_images: str | None = None
    """Left out: ``x_test``, if the file has it or ``y_test``."""
    test_labels: str | None = None
    """Left out: ``y_test``, if the file has it or ``x_test``."""
    layout: Layout | None = None
    """The order of the axes. Left out: recognised by the channels, of which there are 1 or 3."""

    def read(self) -> Contents:
        """Find the arrays; pickled ones are refused."""
        try:
            archive = zipfile.ZipFile(readable(self.path))
        except BROKEN as error:
            raise unreadable(self.path, "an .npz file of arrays", _what_else(self.path, error)) from error
        with archive:
            there = names(archive)
            asked = self.test_images is not None or self.test_labels is not None
            tested = asked or any(name in there for name in _TEST)
            test = (self.test_images or _TEST[0], self.test_labels or _TEST[1])
            return Contents(
                self._rows(archive, (self.train_images, self.train_labels)),
                self._rows(archive, test) if tested else None,
            )

    def _rows(self, archive: zipfile.ZipFile, members: tuple[str, str]) -> ArrayRows:
        images, answers = (self._array(archive, name) for name in members)
        return array_rows(images, answers, self.layout, self.white)

    def _array(self, archive: zipfile.ZipFile, name: str) -> StoredArray:
        if name not in names(archive):
            raise lacking("array", name, names(archive), self.path)
        try:
            return plain(npz_array(archive, self.path, name))
        except BROKEN as error:
            raise unreadable(self.path, f"a whole array '{name}'", error) from error


class ArraySource(Source, Levels):
    """An array of uint8 images (n, height, width), (n, channels, height, width) or channels last.

    A `.npy` file is read anywhere; a member of a `.npz` file from its beginning.
    """

    kind: Literal["array"] = "array"
    path: DataPath
    """An .npz or .npy file."""
    key: str | None = None
    """The member of an npz file; the only one that can hold images where it is left out."""
    label: str | None = None
    """A member of the npz file with the true labels, whole numbers, which score what was found."""
    layout: Layout | None = None
    """The order of the axes. Left out: recognised by the channels, of which there are 1 or 3."""

    def rows(self) -> Rows:
        """Find the array; its first images are read, to see what white is."""
        refuse_streams(self.path)
        try:
            archived = self.path.suffix.lower() == ".npz"
            images, answers = self._archived() if archived else (npy_array(self.path), None)
        except BROKEN as error:
            raise self._unusable(reason(error), "name another file with scan.source.path") from error
        if not self._fits(images):
            order = ", in Fortran order" if images.fortran else ""
            said = f"{images.member or self.path.name} of type {images.dtype} and shape {images.shape}{order}"
            raise self._unusable(said, "store whole numbers 0-255 as uint8, in C order, with 1 or 3 channels")
        rows = array_rows(images, answers, self.layout, self.white, "scan.source")
        first = images.read(0, min(len(images), _LOOKED_AT))
        pixels(first, rows.layout, f"the first images of {self.path}", self.white, "scan.source")
        return rows

    def _archived(self) -> tuple[StoredArray, StoredArray | None]:
        """Find the members with the images and with the labels, where there are any."""
        with zipfile.ZipFile(readable(self.path)) as archive:
            there = names(archive)
            for name in (self.key, self.label):
                if name is not None and name not in there:
                    raise self._unusable(f"no array '{name}'", suggestion(name, there))
            key = self.key or self._only(archive)
            found = [npz_array(archive, self.path, name) for name in (key, self.label) if name is not None]
        return found[0], found[1] if self.label is not None else None

    def _only(self, archive: zipfile.ZipFile) -> str:
        """Return the name of the one member that can hold images."""
        there = names(archive)
        fitting = [name for name in there if self._fits(npz_array(archive, self.path, name))]
        if len(fitting) != 1:
            remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with uint8 images in it"
            raise self._unusable(f"arrays {', '.join(there) or '(none)'}", f"{remedy} (scan.source.key)")
        return fitting[0]

    def _fits(self, found: StoredArray) -> bool:
        """Return whether an array can be images; of other types than uint8 only where white is said."""
        shape = found.shape
        small = len(shape) in (3, 4) and prod(shape) > 0 and prod(shape[1:]) <= 3 * MOST_PIXELS
        channels = len(shape) == 3 or (len(shape) == 4 and {shape[1], shape[3]} & {*CHANNELS})
        kind = found.dtype == np.uint8 or (self.white is not None and found.dtype.kind in "iuf")
        return bool(small and channels and kind and not found.fortran)

    def _unusable(self, found: str, remedy: str) -> OutvotedError:
        return OutvotedError(
            expected=f"an array of uint8 images (n, [channels,] height, width[, channels]) in {self.path}",
            found=found,
            remedy=remedy,
        )


def _what_else(path: Path, error: Exception) -> object:
    """Say what a file is that is no archive, if it is a known mistake."""
    single = path.is_file() and path.open("rb").read(6) == b"\x93NUMPY"
    return "a single array without a name" if single else error
