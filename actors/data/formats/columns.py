"""Tables of Arrow columns, one with images and one with labels, as Parquet and Hugging Face hold them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from outvoted.actors.data.files import lacking
from outvoted.actors.data.formats.base import Part
from outvoted.actors.data.formats.image_columns import encoded, holds_images, labels_of
from outvoted.actors.data.formats.splits import SplitSource
from outvoted.actors.data.pictures import UndecodableError, stacked
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_SHOWN = 3


@dataclass(frozen=True)
class Table:
    """One file of a table: its schema, its number of rows, and its rows in batches."""

    path: Path
    schema: pa.Schema
    rows: int
    batches: Iterable[pa.RecordBatch]
    root: Path
    """Where files that rows name must lie."""


class TableSource(SplitSource):
    """A format of tables with a column of encoded images and one of labels.

    Images are bytes, or a struct with the field ``bytes`` as the ``Image`` feature of Hugging Face
    datasets has it; where that holds only a path, the file must lie inside the data set's folder.
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
    where = f"column {source.label} of {_listed(tables)}"
    tables = [table for table in tables if table.rows]  # an empty shard may have columns of any type
    if not tables:
        raise OutvotedError(f"rows in {where}", "none", "name another file or split")
    for table in tables:
        for column in (source.image, source.label):
            if column not in table.schema.names:
                raise lacking("column", column, table.schema.names, table.path)
        _check_images(table, source.image)
    labels: list[Ints] = []
    images = stacked(_pictures(tables, source, labels), sum(table.rows for table in tables), source)
    return Part(images, np.concatenate(labels), where)


def class_names(schema: pa.Schema, label: str) -> tuple[str, ...] | None:
    """Return the names of a ``ClassLabel`` column from the metadata that Hugging Face datasets writes."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(map(str, features[label]["names"]))
    except (KeyError, ValueError, TypeError, RecursionError):
        return None


def _pictures(
    tables: Sequence[Table], source: TableSource, labels: list[Ints]
) -> Iterator[tuple[str, bytes | UndecodableError]]:
    """Give the images one by one, and on the way collect the labels."""
    for table in tables:
        row = 0
        for batch in table.batches:
            numbers = batch.column(source.label)
            if numbers.null_count:
                raise _missing(table.path, source.label, row + numbers.is_null().index(True).as_py())
            labels.append(labels_of(numbers, f"column {source.label} of {table.path}", row))
            images = encoded(batch.column(source.image), table.root, table.path.parent)
            for offset, (data, _) in enumerate(images):
                yield f"row {row + offset}, column {source.image} of {table.path}", data
            row += len(batch)


def _listed(tables: Sequence[Table]) -> str:
    shown = ", ".join(str(table.path) for table in tables[:_SHOWN])
    return shown if len(tables) <= _SHOWN else f"{shown} and {len(tables) - _SHOWN} more files"


def _check_images(table: Table, column: str) -> None:
    kind = table.schema.field(column).type
    if not holds_images(kind):
        raise OutvotedError(
            expected=f"encoded images, bytes or a struct with bytes, in column {column} of {table.path}",
            found=f"{kind}"[:200],
            remedy="name another column by data.image, or store the images as PNG bytes",
        )


def _missing(path: Path, column: str, row: int) -> OutvotedError:
    return OutvotedError(
        expected=f"a value in every row of column {column} of {path}",
        found=f"none in row {row}",
        remedy="drop such rows",
    )
