"""Tables of features: a row becomes an image of one line, so it takes the road that all images take."""

import bz2
import gzip
import io
import lzma
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from outvoted.actors.data.files import UserPath, lacking, unreadable
from outvoted.actors.data.formats.base import Classes, Contents, Feature, Share
from outvoted.actors.data.room import check_room, limit
from outvoted.actors.data.rows import HeldRows
from outvoted.search.arrays import Floats, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import MayChange, Settings

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = 255
_SHOWN = 5
_PACKED: dict[str, Callable[[Path], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
_GROWTH = 4
"""How many times its size as text a table takes while it is read, about."""


def to_pixels(values: Floats, features: tuple[Feature, ...]) -> Pixels:
    """Turn rows, (n, features) in the table's units, into images, (n, 1, 1, features), to the nearest level.

    A level is 1/255 of what the feature ranges over. Values outside the range are cut off.
    """
    low = np.array([feature.low for feature in features])
    width = np.array([feature.high - feature.low for feature in features])
    levels = np.rint(_LEVELS * (values - low) / width).clip(0, _LEVELS)
    return np.ascontiguousarray(levels.astype(np.uint8)[:, None, None, :])


def to_values(images: Pixels, features: tuple[Feature, ...]) -> Floats:
    """Turn images, (n, 1, 1, features), back into rows, (n, features), in the table's units."""
    low = np.array([feature.low for feature in features])
    width = np.array([feature.high - feature.low for feature in features])
    return np.asarray(low + images[:, 0, 0].astype(np.float64) / _LEVELS * width)


class FeatureTable(ABC, Settings):
    """Rows of features with a class each."""

    features: tuple[str, ...] = ()
    """Columns to take; all numbers but the label where it is left out."""
    label: str
    """The column of the class; classes are numbered in the order of their sorted names."""
    missing: Literal["refuse", "drop"] = "refuse"
    """What to do with rows in which a feature or the class is missing."""
    per_class: Annotated[int, Field(ge=2)] | None = None
    """Draw this many rows of each class; all if left out."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of that draw."""
    classes: Classes = None
    """Number of classes; as many as there are names where it is left out."""
    test_share: Share = 0.2
    """The share of rows held out as test split. 0: all rows are both."""

    @field_validator("features")
    @classmethod
    def _distinct(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(features)) < len(features):
            raise ValueError("a list of columns, each once")
        return features

    @abstractmethod
    def frame(self) -> "pd.DataFrame":
        """Read the table.

        Raises:
            OutvotedError: it cannot be read.
        """

    @property
    @abstractmethod
    def where(self) -> Path:
        """The file that messages name."""

    def read(self) -> Contents:
        """Read the rows as images (n, 1, 1, features); see :func:`to_pixels` for their levels.

        Raises:
            OutvotedError: a column is missing, or holds no numbers or one alone, or a value is missing.
        """
        columns, labels = self._columns(self.frame())
        names, numbers = np.unique(labels.astype(str).to_numpy(), return_inverse=True)
        rows = self._drawn(numbers)
        values = columns.to_numpy(np.float64)[rows]
        features = tuple(self._feature(name, values[:, k]) for k, name in enumerate(columns.columns))
        images, known = to_pixels(values, features), numbers[rows].astype(np.int64)
        part = HeldRows(f"'{self.label}' of {self.where}", images, known)
        return Contents(part, None, tuple(map(str, names)), features)

    def _columns(self, frame: "pd.DataFrame") -> "tuple[pd.DataFrame, pd.Series[str]]":
        """Return features and labels, without rows that lack one if such are dropped."""
        numeric = frame.select_dtypes("number").columns
        features = self.features or tuple(str(name) for name in numeric if name != self.label)
        for name in (*features, self.label):
            if name not in frame.columns:
                raise lacking("column", name, [str(column) for column in frame.columns], self.where)
        taken = frame[[*features, self.label]]
        if self.missing == "drop":
            taken = taken.dropna()
        self._check(taken, features)
        return taken[list(features)], taken[self.label]

    def _check(self, taken: "pd.DataFrame", features: tuple[str, ...]) -> None:
        absent = [(int(row) + 2, name) for name in taken.columns for row in taken.index[taken[name].isna()]]
        if absent:
            shown = ", ".join(f"line {line}: {name}" for line, name in sorted(absent)[:_SHOWN])
            more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
            raise OutvotedError(
                expected=f"a value in every row and column of {self.where}",
                found=f"missing values at {shown}{more}",
                remedy="fill them in, or leave these rows out with data.missing=drop",
            )
        import pandas as pd  # here: every actor imports the readers, few read tables

        words = [name for name in features if not pd.api.types.is_numeric_dtype(taken[name])]
        if words or not features or taken.empty:
            raise OutvotedError(
                expected=f"columns of numbers, at least one, and rows in {self.where}",
                found=f"text in {', '.join(words)}"
                if words
                else f"{taken.shape[0]} rows, {len(features)} columns",
                remedy="name columns of numbers by data.features",
            )

    def _drawn(self, numbers: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> list[int]:
        if self.per_class is None:
            return list(range(len(numbers)))
        random, rows = np.random.default_rng(self.seed), []
        for label in range(int(numbers.max()) + 1):
            there = np.flatnonzero(numbers == label)
            if len(there) < self.per_class:
                raise OutvotedError(
                    expected=f"data.per_class={self.per_class} rows of every class in {self.where}",
                    found=f"{len(there)} of class {label}",
                    remedy=f"lower data.per_class to {len(there)}, or leave it out",
                )
            rows += random.choice(there, self.per_class, replace=False).tolist()
        return sorted(rows)

    def _feature(self, name: str, column: Floats) -> Feature:
        if not np.isfinite(column).all() or column.min() == column.max():
            raise OutvotedError(
                expected=f"finite numbers that differ in column '{name}' of {self.where}",
                found=f"values from {column.min()} to {column.max()}",
                remedy="leave it out of data.features",
            )
        return Feature(str(name), float(column.min()), float(column.max()))


class CsvTable(FeatureTable):
    """A file of comma- or tab-separated values, the first line naming the columns."""

    name: Literal["table"] = "table"
    path: Annotated[UserPath, MayChange()]
    """Relative to the working directory; tabs separate where it ends in .tsv."""
    columns: tuple[str, ...] = ()
    """Names of the columns, for a file whose first line is a row already."""

    @property
    def where(self) -> Path:
        """The file."""
        return self.path

    def frame(self) -> "pd.DataFrame":
        """Read the file."""
        import pandas as pd

        separator = "\t" if self.path.suffix == ".tsv" else ","
        try:
            found = pd.read_csv(_text(self.path), sep=separator, header=None if self.columns else 0)
        except (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise unreadable(self.path, "a table of separated values in UTF-8", error) from error
        if self.columns and len(self.columns) != found.shape[1]:
            raise OutvotedError(
                expected=f"{found.shape[1]} names in data.columns, as {self.path} has columns",
                found=f"{len(self.columns)} names",
                remedy="name every column, or leave data.columns out where the first line does",
            )
        if self.columns:
            found.columns = pd.Index(self.columns)
            found.index -= 1  # so that line numbers count from the first line
        return found


def _text(path: Path) -> IO[bytes]:
    """Return the text of a file, unpacked if its name says that it is packed.

    Raises:
        OutvotedError: the table would not fit into memory, or grows as no text does.
    """
    opened = _PACKED.get(path.suffix)
    size = path.stat().st_size
    check_room(_GROWTH * size, path)
    if opened is None:
        return path.open("rb")
    with opened(path) as file:
        found = file.read(limit(size) + 1)
    check_room(_GROWTH * len(found), path, size)
    return io.BytesIO(found)


class Iris(FeatureTable):
    """Fisher's 150 irises, which come with scikit-learn."""

    name: Literal["iris"] = "iris"
    label: Literal["species"] = "species"

    @property
    def path(self) -> Path:
        """The file inside scikit-learn."""
        from sklearn import datasets

        return Path(datasets.__file__).parent / "data" / "iris.csv"

    @property
    def where(self) -> Path:
        """The file."""
        return self.path

    def frame(self) -> "pd.DataFrame":
        """Ask scikit-learn for the table; lengths and widths in cm."""
        import pandas as pd
        from sklearn.datasets import load_iris

        found = load_iris(as_frame=True)
        names = [str(name).removesuffix(" (cm)") for name in found.feature_names]
        values = found.data.set_axis(names, axis=1)
        return pd.DataFrame(values.assign(species=[str(found.target_names[k]) for k in found.target]))
