"""Parquet files with a column of images, as Hugging Face data sets come."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.data.files import DataPath, refuse_streams, unreadable
from outvoted.actors.data.formats.base import Contents
from outvoted.actors.data.formats.columns import (
    ColumnRows,
    TableFormat,
    TableShard,
    check_rows,
    class_names,
    column_rows,
    image_column,
)
from outvoted.actors.data.formats.split_files import files_at, split_files
from outvoted.actors.data.room import check_room
from outvoted.actors.data.rows import Rows, Source
from outvoted.actors.data.store_path import readable

_ROWS = 128
"""How many rows are read together, at most."""
_TOGETHER = 1 << 30


class Parquet(TableFormat):
    """A Parquet file, or a folder of them.

    In a folder, names of files or folders that hold the word of a split say which split they belong to:
    ``train-00000-of-00002.parquet``, ``test/0.parquet``, ``split=train/0.parquet``, ``x_val.parquet``.
    """

    name: Literal["parquet"] = "parquet"

    def read(self) -> Contents:
        """Find the rows of each split; files follow one another in the order of their names."""
        found = split_files(self, _files(self.path))
        trained = self._rows(found.train)
        tested = None if found.test is None else self._rows(found.test)
        return Contents(trained, tested, class_names(trained), notes=found.notes)

    def _rows(self, files: Sequence[Path]) -> ColumnRows:
        return column_rows([shard(file, self.path, self.image) for file in files], self.label)


class ParquetSource(Source):
    """A Parquet file, or all below a folder in the order of their paths.

    Images are those of the labelled format: bytes in a format that Pillow reads, or a struct of ``bytes`` and
    ``path``. Without bytes the path is read, relative to the file's folder; it must lie inside the folder
    that is scanned, that of the file where one file is. A row group is a piece.
    """

    kind: Literal["parquet"] = "parquet"
    path: DataPath
    """The file or folder."""
    column: str | None = None
    """The column of images; the only one that can hold images where it is left out."""
    label: str | None = None
    """A column of whole numbers, the true labels, which score what was found; null where one is not known."""

    def rows(self) -> Rows:
        """Find the rows of all files."""
        files = _files(self.path)
        refuse_streams(self.path, files)
        return column_rows([shard(file, self.path, self.column) for file in files], self.label)


@dataclass(frozen=True)
class ParquetShard(TableShard):
    """Rows of a Parquet file; ``groups`` are the numbers of rows of all its row groups."""

    groups: tuple[int, ...]

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Read the row groups that hold the rows, so that never all encoded images are in memory."""
        begins = [0, *accumulate(self.groups)]
        ends = begins[1:]
        wanted = [k for k, end in enumerate(ends) if begins[k] < self.last and end > self.first]
        try:
            with pq.ParquetFile(readable(self.path)) as file:
                found = file.iter_batches(rows_at_once(file), row_groups=wanted, columns=columns)
                yield from self.within(found, begins[wanted[0]])
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self.path, "a whole Parquet file", error) from error

    def cuts(self) -> Iterable[int]:
        """Cut between row groups that have rows."""
        begins = [0, *accumulate(self.groups)]
        return sorted({self.first, *(begin for begin in begins if self.first < begin < self.last)})


def shard(file: Path, root: Path, image: str | None) -> ParquetShard:
    """Look at a Parquet file: what it holds, and that it can be read within limits.

    Raises:
        OutvotedError: it is none, lacks the column of images, or would take more memory than there is.
    """
    try:
        with pq.ParquetFile(readable(file)) as opened:
            size, form = file.stat().st_size, opened.metadata
            groups = [form.row_group(group) for group in range(form.num_row_groups)]
            schema = opened.schema_arrow
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, "a Parquet file", error) from error
    check_rows(form.num_rows, size, file)
    for group in groups:
        check_room(group.total_byte_size, f"a row group of {file}")
    counts = tuple(group.num_rows for group in groups)
    column = image_column(schema, file, image) if sum(counts) else ""
    root = root if root.is_dir() else file.parent
    alone = all(_alone(group, column) for group in groups)
    return ParquetShard(file, root, schema, column, 0, sum(counts), alone, counts)


def _alone(group: pq.RowGroupMetaData, image: str) -> bool:
    """Return whether every row has the bytes of its image, so that none names another file."""
    columns = [group.column(place) for place in range(group.num_columns)]
    found = {each.path_in_schema: each.statistics for each in columns}
    said = found.get(f"{image}.bytes")
    return image in found or bool(said is not None and said.has_null_count and said.null_count == 0)


def rows_at_once(file: pq.ParquetFile, most: int = _ROWS) -> int:
    """Return how many rows to read together, at most ``most``: a row may repeat what is stored once.

    Were every value as large as a whole row group, they would take a GiB.
    """
    groups = range(file.metadata.num_row_groups)
    largest = max((file.metadata.row_group(group).total_byte_size for group in groups), default=0)
    return max(1, min(most, _TOGETHER // max(1, largest)))


def _files(path: Path) -> list[Path]:
    return files_at(path, lambda name: name.endswith(".parquet"), ".parquet")
