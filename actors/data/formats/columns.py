"""Tables of Arrow columns, one of images and perhaps one of labels: Parquet, and Hugging Face datasets."""

import json
import os
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.data.files import content, inside, lacking
from outvoted.actors.data.formats.base import SplitFormat
from outvoted.actors.data.numbers import in_range, whole
from outvoted.actors.data.passes import stamp_of
from outvoted.actors.data.pictures import UndecodableError
from outvoted.actors.data.rows import UNKNOWN, Content, Item, Rows
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError, printable

_SHOWN = 3


class TableFormat(SplitFormat):
    """A format of tables with a column of encoded images and one of labels.

    Images are bytes, or a struct with the field ``bytes`` as the ``Image`` feature of Hugging Face
    datasets has it; where that holds only a path, the file must lie inside the data set's folder.
    """

    image: str = "image"
    """The column of images."""
    label: str = "label"
    """The column of labels, whole numbers."""


@dataclass(frozen=True)
class TableShard(ABC):
    """Rows ``first`` to ``last`` - 1 of one file of a table.

    Attributes:
        root: where files that rows name must lie.
        image: the column of images.
        alone: whether all images are in the file itself; else rows may name other files.
    """

    path: Path
    root: Path
    schema: pa.Schema
    image: str
    first: int
    last: int
    alone: bool

    @abstractmethod
    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns, few rows at a time.

        Raises:
            OutvotedError: the file is damaged.
        """

    def cuts(self) -> Iterable[int]:
        """Return at which rows parts begin that are best read as a whole, the first one included."""
        return (self.first,)

    def within(self, batches: Iterable[pa.RecordBatch], begin: int = 0) -> Iterator[pa.RecordBatch]:
        """Cut batches, the first of which begins at row ``begin`` of the file, to this shard's rows."""
        for batch in batches:
            first, last = max(self.first - begin, 0), min(self.last - begin, len(batch))
            if first < last:
                yield batch.slice(first, last - first)
            begin += len(batch)
            if begin >= self.last:
                return


@dataclass(frozen=True)
class ColumnRows(Rows):
    """The images of some shards, and the labels in a column of them."""

    shards: tuple[TableShard, ...]
    label: str | None

    def __len__(self) -> int:
        return sum(shard.last - shard.first for shard in self.shards)

    def _range(self, first: int, last: int) -> Rows:
        found, begin = [], 0
        for shard in self.shards:
            low, high = (min(max(shard.first + at - begin, shard.first), shard.last) for at in (first, last))
            if low < high:
                found.append(replace(shard, first=low, last=high))
            begin += shard.last - shard.first
        return replace(self, shards=tuple(found))

    def name(self, row: int) -> str:
        """The row within its file, and the column of images."""
        ends = list(accumulate(shard.last - shard.first for shard in self.shards))
        place = bisect_right(ends, row)
        shard = self.shards[place]
        return f"row {shard.last - ends[place] + row}, column {shard.image} of {shard.path}"

    def stamp(self) -> str | None:
        """Ask the system for the state of every file, unless rows may name others."""
        said = (repr((shard.image, shard.first, shard.last)).encode() for shard in self.shards)
        alone = all(shard.alone for shard in self.shards)
        return stamp_of((shard.path for shard in self.shards), said) if alone else None

    def contents(self, numbers: Ints) -> Iterator[Content]:
        """Read some rows; parts of files that hold none of them are passed over, others read once."""
        begin = 0
        for shard in self.shards:
            first, last = np.searchsorted(numbers, [begin, begin + shard.last - shard.first])
            wanted = numbers[first:last] - begin + shard.first
            for some in np.split(wanted, np.unique(np.searchsorted(wanted, [*shard.cuts()]))):
                yield from _some(shard, some)
            begin += shard.last - shard.first

    def items(self) -> Iterator[Item]:
        """Read the rows, few at a time."""
        for shard in self.shards:
            begin = shard.first
            for batch in shard.batches([shard.image] if self.label is None else [shard.image, self.label]):
                labels = self._labels(batch, shard, begin).tolist()
                contents = _contents(batch.column(shard.image), shard.root, shard.path.parent)
                for (data, name), label in zip(contents, labels, strict=True):
                    yield Item(data, name, label)
                begin += len(batch)

    def labels(self) -> Ints:
        """Read the labels alone, which are small."""
        if self.label is None:
            return super().labels()
        found = [np.empty(0, np.int64)]
        for shard in self.shards:
            begin = shard.first
            for batch in shard.batches([self.label]):
                found.append(self._labels(batch, shard, begin))
                begin += len(batch)
        return np.concatenate(found)

    def _labels(self, batch: pa.RecordBatch, shard: TableShard, begin: int) -> Ints:
        if self.label is None:
            return np.full(len(batch), UNKNOWN, np.int64)
        return labels_of(batch.column(self.label), f"column {self.label} of {shard.path}", begin)

    def cuts(self, size: int) -> Iterable[int]:
        """Cut between the parts of files."""
        begin = 0
        for shard in self.shards:
            yield from (begin + cut - shard.first for cut in shard.cuts())
            begin += shard.last - shard.first


def column_rows(shards: Sequence[TableShard], label: str | None) -> ColumnRows:
    """Return the rows of all files of a table, in order.

    Raises:
        OutvotedError: there are none, or the column of labels is missing.
    """
    shown = ", ".join(str(shard.path) for shard in shards[:_SHOWN])
    files = shown if len(shards) <= _SHOWN else f"{shown} and {len(shards) - _SHOWN} more files"
    where = files if label is None else f"column {label} of {files}"
    full = [shard for shard in shards if shard.last]  # an empty shard may have columns of any type
    if not full:
        raise OutvotedError(f"rows in {where}", "none", "name another file or split")
    for shard in full:
        if label is not None and label not in shard.schema.names:
            raise lacking("column", label, shard.schema.names, shard.path)
    return ColumnRows(where, tuple(full), label)


def class_names(rows: ColumnRows) -> tuple[str, ...] | None:
    """Return the names of a ``ClassLabel`` column from the metadata that Hugging Face datasets writes."""
    try:
        metadata = rows.shards[0].schema.metadata or {}
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return tuple(map(str, features[rows.label]["names"]))
    except (KeyError, ValueError, TypeError, RecursionError):
        return None


def image_column(form: pa.Schema, path: Path, wanted: str | None) -> str:
    """Return the name of a file's column of images: the one ``wanted``, or the only one that can hold them.

    Raises:
        OutvotedError: there is none.
    """
    fitting = [field.name for field in form if _holds_images(field.type)]
    if wanted is None:
        if len(fitting) != 1:
            remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with images in it"
            columns = ", ".join(f"{field.name} ({field.type})" for field in form)
            raise OutvotedError(
                expected=f"Parquet with a column of images (bytes, or a struct of bytes and path) at {path}",
                found=f"columns {columns[:500]}",
                remedy=f"{remedy} (scan.source.column)",
            )
        return str(fitting[0])
    if wanted not in form.names:
        raise lacking("column", wanted, form.names, path)
    if wanted not in fitting or form.names.count(wanted) > 1:
        raise OutvotedError(
            expected=f"encoded images, bytes or a struct with bytes, in column {wanted} of {path}",
            found=f"{form.field(wanted).type}"[:200],
            remedy="name another column of images, or store them as PNG bytes",
        )
    return wanted


def check_rows(rows: int, size: int, path: Path) -> None:
    """Refuse a file that claims more rows than it has bytes, as only repetition without end does.

    Raises:
        OutvotedError: it does.
    """
    if rows > size:
        raise OutvotedError(
            expected=f"a table of images in {path}, of at least a byte each",
            found=f"{rows:,} rows in {size:,} bytes",
            remedy="create the file again from its source; do not use it if it came from a stranger",
        )


def labels_of(column: pa.Array, where: str, first: int = 0) -> Ints:
    """Return the labels of some rows, the first of them being row ``first``; ``UNKNOWN`` where there is none.

    Raises:
        OutvotedError: one is no whole number from 0 on that tables of runs can hold.
    """
    form = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not pa.types.is_integer(form) and not pa.types.is_floating(form) and not pa.types.is_null(form):
        such = ", ".join(repr(value) for value in column[:3].to_pylist())
        raise OutvotedError(
            expected=f"labels that are whole numbers in {where}",
            found=f"{column.type} such as {such[:100]}",
            remedy="number the classes from 0, say by frame['label'].astype('category').cat.codes in pandas",
        )
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if missing.all():
        return np.full(len(column), UNKNOWN, np.int64)
    found = whole(column.fill_null(0).to_numpy(zero_copy_only=False), where, first)
    in_range(found, where, first)
    return np.where(missing, UNKNOWN, found)


def _holds_images(form: Any) -> bool:
    """Return whether a column of this type can hold encoded images.

    Bytes of any of Arrow's types, or a struct with the field ``bytes``, as the ``Image`` feature of Hugging
    Face datasets has it.
    """
    if pa.types.is_struct(form):
        place = form.get_field_index("bytes")
        return place >= 0 and (_bytes(form.field(place).type) or pa.types.is_null(form.field(place).type))
    return _bytes(form)


def _bytes(form: Any) -> bool:
    form = form.value_type if pa.types.is_dictionary(form) else form
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_fixed_size_binary,
    )
    return any(kind(form) for kind in kinds)


def _contents(
    column: pa.Array, root: Path, base: Path
) -> Iterator[tuple[bytes | UndecodableError, str | None]]:
    """Give each row's image and, where the table says it, the file that it came from.

    An image without bytes is read from that file, which is looked for from ``base`` and lies in ``root``.
    """
    names: Any = [None] * len(column)
    if pa.types.is_struct(column.type):
        fields = dict(zip((field.name for field in column.type), column.flatten(), strict=True))
        column = fields["bytes"]
        names = _names(fields["path"]) if "path" in fields else names
    for value, name in zip(column, names, strict=True):
        data = value.as_py()
        yield (_read(name, root, base) if data is None else data), None if name is None else printable(name)


def _some(shard: TableShard, rows: Ints) -> Iterator[Content]:
    """Read ascending rows of a file, and what lies between them."""
    if not len(rows):
        return
    begin = int(rows[0])
    for batch in replace(shard, first=begin, last=int(rows[-1]) + 1).batches([shard.image]):
        first, last = np.searchsorted(rows, [begin, begin + len(batch)])
        column = batch.column(shard.image)
        for row in (rows[first:last] - begin).tolist():
            yield from (data for data, _ in _contents(column[row : row + 1], shard.root, shard.path.parent))
        begin += len(batch)


def _names(column: pa.Array) -> list[str | None]:
    """Return names of files, whatever bytes they have."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        return [None] * len(column)
    return [
        None if name is None else os.fsdecode(name) for name in column.cast(pa.large_binary()).to_pylist()
    ]


def _read(name: str | None, root: Path, base: Path) -> bytes | UndecodableError:
    try:
        return content(inside(root, base, name)) if name else UndecodableError("no image in this row")
    except UndecodableError as error:
        return error
