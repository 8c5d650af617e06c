"""Columns of images and labels in Arrow tables: one rule for reading labelled images and for scanning."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.data.files import content, inside
from outvoted.actors.data.numbers import in_range, whole
from outvoted.actors.data.pictures import UndecodableError
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError, printable

_TOGETHER = 1 << 30


def holds_images(form: Any) -> bool:
    """Tell whether a column of this type can hold encoded images.

    Bytes of any of Arrow's types, or a struct with the field ``bytes``, as the ``Image`` feature of Hugging
    Face datasets has it.
    """
    if pa.types.is_struct(form):
        place = form.get_field_index("bytes")
        return place >= 0 and (_bytes(form.field(place).type) or pa.types.is_null(form.field(place).type))
    return _bytes(form)


def holds_labels(form: Any) -> bool:
    """Tell whether a column of this type can hold labels: numbers, be they in a dictionary."""
    form = form.value_type if pa.types.is_dictionary(form) else form
    return bool(pa.types.is_integer(form) or pa.types.is_floating(form))


def encoded(
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


def labels_of(column: pa.Array, where: str, first: int = 0) -> Ints:
    """Return the labels of some rows, the first of them being row ``first``; -1 where there is none.

    Raises:
        OutvotedError: one is no whole number from 0 on that tables of runs can hold.
    """
    if not holds_labels(column.type) and not pa.types.is_null(column.type):
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
        return np.full(len(column), -1, np.int64)
    found = whole(column.fill_null(0).to_numpy(zero_copy_only=False), where, first)
    in_range(found, where, first)
    return np.where(missing, -1, found)


def check_rows(rows: int, size: int, path: Path) -> None:
    """Refuse a file that claims more rows than it has bytes, as only repetition without end does.

    Raises:
        OutvotedError: it does.
    """
    if rows > size:
        raise OutvotedError(
            expected=f"a table of images in {path}, of at least a byte each",
            found=f"{rows:,} rows in {size:,} bytes",
            remedy="make the file again from its source; do not use it if it came from a stranger",
        )


def rows_at_once(file: pq.ParquetFile, most: int) -> int:
    """Return how many rows to read together, at most ``most``: a row may repeat what is stored once.

    Were every value as large as a whole row group, they would take a GiB.
    """
    groups = range(file.metadata.num_row_groups)
    largest = max((file.metadata.row_group(group).total_byte_size for group in groups), default=0)
    return max(1, min(most, _TOGETHER // max(1, largest)))


def _bytes(form: Any) -> bool:
    form = form.value_type if pa.types.is_dictionary(form) else form
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_fixed_size_binary,
    )
    return any(kind(form) for kind in kinds)


def _names(column: pa.Array) -> list[str | None]:
    """Return names of files, whatever bytes they have."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        return [None] * len(column)
    return [name and os.fsdecode(name) for name in column.cast(pa.large_binary()).to_pylist()]


def _read(name: str | None, root: Path, base: Path) -> bytes | UndecodableError:
    try:
        return content(inside(root, base, name)) if name else UndecodableError("no image in this row")
    except UndecodableError as error:
        return error
