"""Numpy's archives of arrays."""

import zipfile
from pathlib import Path
from typing import Literal

from outvoted.actors.data.files import lacking, unreadable
from outvoted.actors.data.formats.base import Contents, Levels, Part, Source, uncounted
from outvoted.actors.data.formats.npy import BROKEN, member_header, names, read_member
from outvoted.actors.data.numbers import Layout, pixels, whole
from outvoted.actors.data.pictures import alike
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError

_TEST = ("x_test", "y_test")


class Npz(Source, Levels):
    """An .npz file with an array of images and one of labels for each split."""

    name: Literal["npz"] = "npz"
    train_images: str = "x_train"
    train_labels: str = "y_train"
    test_images: str | None = None
    """Left out: ``x_test``, if the file has it or ``y_test``."""
    test_labels: str | None = None
    """Left out: ``y_test``, if the file has it or ``x_test``."""
    layout: Layout | None = None
    """The order of the axes. Left out: recognised by the channels, of which there are 1 or 3."""

    def read(self) -> Contents:
        """Read the arrays; pickled ones are refused, and those that would not fit into memory."""
        try:
            archive = zipfile.ZipFile(self.path)
        except BROKEN as error:
            raise unreadable(self.path, "an .npz file of arrays", _what_else(self.path, error)) from error
        with archive:
            there = names(archive)
            asked = self.test_images is not None or self.test_labels is not None
            tested = asked or any(name in there for name in _TEST)
            test = (self.test_images or _TEST[0], self.test_labels or _TEST[1])
            return Contents(
                self._part(archive, self.train_images, self.train_labels),
                self._part(archive, *test) if tested else None,
            )

    def _part(self, archive: zipfile.ZipFile, images: str, labels: str) -> Part:
        where = f"{labels} of {self.path}"
        values, answers = self._array(archive, images), self._array(archive, labels)
        found = pixels(values, self.layout, f"{images} of {self.path}", self.white)
        numbers = whole(answers, where)
        if len(found) != len(numbers) or not found.size:
            raise uncounted(self.path, (images, labels), (values.shape, answers.shape))
        return Part(alike(found, self), numbers, where)

    def _array(self, archive: zipfile.ZipFile, name: str) -> AnyArray:
        if name not in names(archive):
            raise lacking("array", name, names(archive), self.path)
        try:
            if member_header(archive, name).dtype.hasobject:
                raise _pickled(self.path, name)
            return read_member(archive, name, self.path)
        except BROKEN as error:
            raise unreadable(self.path, f"a whole array '{name}'", error) from error


def _what_else(path: Path, error: Exception) -> object:
    """Say what a file is that is no archive, if it is a known mistake."""
    single = path.is_file() and path.open("rb").read(6) == b"\x93NUMPY"
    return "a single array without a name" if single else error


def _pickled(path: Path, name: str) -> OutvotedError:
    return OutvotedError(
        expected=f"an array of plain numbers under '{name}' in {path}",
        found="one of pickled objects, which could run any code",
        remedy="save it again as an array of one number type",
    )
