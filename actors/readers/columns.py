"""Tables of Arrow columns, one with images and one with labels, as Parquet and Hugging Face hold them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from outvoted.actors.readers.base import Part, SplitSource, lacking
from outvoted.actors.readers.numbers import whole
from outvoted.actors.readers.pictures import stacked
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class Table:
    """One file of a table: its schema, its number of rows, and its rows in batches."""

    path: Path
    schema: pa.Schema
    rows: int
    batches: Iterable[pa.RecordBatch]


class TableSource(SplitSource):
    """A format of tables with a column of encoded images and one of labels.

    Images are bytes, or a struct with the field ``bytes`` as the ``Image`` feature of Hugging Face
    datasets has it; a struct that holds only a path is refused, for no other file is read.
    """

    image: str = "image"
    """The column of images."""
    label: str = "label"
    """The column of labels, whole numbers."""


def read_part(tables: Sequence[Table], source: TableSource) -> Part:
    """Read images and labels of all files of a split, in order.

    Raises:
        OutvotedError: a column is missing or of another type, a value is missing, an image is none.
    """
    for table in tables:
        for column in (source.image, source.label):
            if column not in table.schema.names:
                raise lacking("column", column, table.schema.names, table.path)
        _check_images(table, source.image)
    where = f"column {source.label} of {', '.join(str(table.path) for table in tables)}"
    count = sum(table.rows for table in tables)
    if not count:
        raise OutvotedError(f"rows in {where}", "none", "name another file or split")
    labels: list[Ints] = []
    images = stacked(_pictures(tables, source, labels), count, source)
    return Part(images, np.concatenate(labels), where)


def class_names(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """Return the names of a ``ClassLabel`` column from the metadata that Hugging Face datasets writes."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(map(str, features[label]["names"]))
    except (KeyError, ValueError, TypeError):
        return None


def _pictures(
    tables: Sequence[Table], source: TableSource, labels: list[Ints]
) -> Iterator[tuple[str, bytes]]:
    """Give the images one by one, and on the way collect the labels."""
    for table in tables:
        row = 0
        for batch in table.batches:
            numbers, images = batch.column(source.label), batch.column(source.image)
            if numbers.null_count:
                raise _missing(table.path, source.label, row + numbers.is_null().index(True).as_py())
            labels.append(whole(_values(numbers), f"column {source.label} of {table.path}"))
            for offset, value in enumerate(images):
                data = value.as_py()
                data = data.get("bytes") if isinstance(data, dict) else data
                if data is None:
                    raise _missing(table.path, source.image, row + offset)
                yield f"row {row + offset}, column {source.image} of {table.path}", data
            row += len(batch)


def _values(column: pa.Array) -> Any:
    return column.to_numpy(zero_copy_only=False)


def _check_images(table: Table, column: str) -> None:
    kind = table.schema.field(column).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise OutvotedError(
            expected=f"encoded images, bytes or a struct with bytes, in column {column} of {table.path}",
            found=f"{kind}"[:200],
            remedy="name another column by data.image, or store the images as PNG bytes",
        )


def _missing(path: Path, column: str, row: int) -> OutvotedError:
    return OutvotedError(
        expected=f"a value in every row of column {column} of {path}",
        found=f"none in row {row} (an image that is only a path counts as none)",
        remedy="drop such rows, or store the images' bytes in the table",
    )
