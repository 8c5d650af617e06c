"""Arrays in ``.npy`` files of their own: images, which may be larger than memory, and beside them labels."""

from pathlib import Path
from typing import Literal

from outvoted.actors.data.files import inside, refuse_streams, unreadable
from outvoted.actors.data.formats.arrays import BROKEN, ArrayRows, StoredArray, array_rows, npy_array, plain
from outvoted.actors.data.formats.base import Contents, Format, Levels
from outvoted.actors.data.numbers import Layout
from outvoted.actors.data.pictures import UndecodableError
from outvoted.search.errors import OutvotedError

_TEST = ("x_test.npy", "y_test.npy")


class Npy(Format, Levels):
    """A folder of .npy files, an array of images and one of labels for each split; or the file of the images.

    Any row is read without the others, so uint8 images in C order may be larger than memory.
    """

    name: Literal["npy"] = "npy"
    train_images: str = "x_train.npy"
    """The file of the training images, where ``path`` is a folder."""
    train_labels: str = "y_train.npy"
    """The file of their labels, in the same folder."""
    test_images: str | None = None
    """Left out: ``x_test.npy``, if that or ``y_test.npy`` is there."""
    test_labels: str | None = None
    """Left out: ``y_test.npy``, if that or ``x_test.npy`` is there."""
    layout: Layout | None = None
    """The order of the axes. Left out: recognised by the channels, of which there are 1 or 3."""

    def read(self) -> Contents:
        """Find the arrays; pickled ones are refused."""
        whole = self.path.is_dir()
        folder = self.path if whole else self.path.parent
        train = (self.train_images if whole else self.path.name, self.train_labels)
        asked = self.test_images is not None or self.test_labels is not None
        tested = asked or (whole and any((folder / name).exists() for name in _TEST))
        test = (self.test_images or _TEST[0], self.test_labels or _TEST[1])
        return Contents(self._rows(folder, train), self._rows(folder, test) if tested else None)

    def _rows(self, folder: Path, files: tuple[str, str]) -> ArrayRows:
        images, answers = (_array(folder, name) for name in files)
        return array_rows(images, answers, self.layout, self.white)


def _array(folder: Path, name: str) -> StoredArray:
    """Find the array of a file, which lies in the folder, links resolved."""
    try:
        refuse_streams(inside(folder, folder, name))
        found = npy_array(folder / name)
    except UndecodableError as error:
        raise OutvotedError(
            expected=f"names of files in {folder}",
            found=str(error),
            remedy="keep images and labels in one folder (data.train_labels, data.test_images, …)",
        ) from error
    except BROKEN as error:
        raise unreadable(folder / name, "a whole array in an .npy file", error) from error
    return plain(found)
