"""Street View House Numbers: the cropped digits, as their authors' .mat files hold them."""

from pathlib import Path
from typing import Literal

import numpy as np

from outvoted.actors.data.files import lacking, unreadable
from outvoted.actors.data.formats.base import Contents, Part, Source, uncounted
from outvoted.actors.data.formats.mat import check_unpacked
from outvoted.actors.data.numbers import pixels, whole
from outvoted.actors.data.pictures import alike
from outvoted.search.arrays import AnyArray
from outvoted.search.errors import OutvotedError

_FILES = ("train_32x32.mat", "test_32x32.mat")


class Svhn(Source):
    """A folder with ``train_32x32.mat`` and, if there is one, ``test_32x32.mat``; or one such file.

    ``X`` has the shape (height, width, 3, n), ``y`` the shape (n, 1), and the digit 0 has the label 10
    (Netzer et al., Reading Digits in Natural Images with Unsupervised Feature Learning, 2011).
    """

    name: Literal["svhn"] = "svhn"

    def read(self) -> Contents:
        """Read the digits; label 10 becomes 0."""
        if not self.path.is_dir():
            return Contents(self._part(self.path))
        train, test = (self.path / name for name in _FILES)
        return Contents(self._part(train), self._part(test) if test.exists() else None)

    def _part(self, file: Path) -> Part:
        arrays = _loaded(file)
        images, labels = arrays["X"], whole(arrays["y"], f"y of {file}")
        if images.ndim != 4 or images.shape[3] != len(labels) or not len(labels):
            raise uncounted(file, ("X", "y"), (images.shape, arrays["y"].shape))
        if labels.min() < 1 or labels.max() > 10:
            raise OutvotedError(
                expected=f"labels 1 to 10, where 10 is the digit 0, in y of {file}",
                found=f"labels from {labels.min()} to {labels.max()}",
                remedy="name files of the cropped digits, or bring other data as npz",
            )
        found = pixels(np.ascontiguousarray(images.transpose(3, 2, 0, 1)), "NCHW", f"X of {file}")
        return Part(alike(found, self), labels % 10, f"y of {file}")


def _loaded(file: Path) -> dict[str, AnyArray]:
    try:
        check_unpacked(file)
        from scipy.io import loadmat  # here: every actor imports the readers, few read such files

        found: dict[str, AnyArray] = loadmat(file, variable_names=("X", "y"), appendmat=False)
    except OutvotedError:
        raise
    except Exception as error:  # damaged .mat files end in errors of many classes
        raise unreadable(file, "a .mat file with X and y", error) from error
    for name in ("X", "y"):
        if name not in found:
            raise lacking("array", name, [key for key in found if not key.startswith("__")], file)
    return found
