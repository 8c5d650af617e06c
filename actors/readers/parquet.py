"""Parquet files with a column of images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.readers.base import Contents, unreadable
from outvoted.actors.readers.columns import Table, TableSource, class_names, read_part

_ROWS_AT_ONCE = 256


class Parquet(TableSource):
    """A Parquet file, or a folder of them; ``train-00000-of-00002.parquet`` belongs to the split train."""

    name: Literal["parquet"] = "parquet"

    def read(self) -> Contents:
        """Read the images; files follow one another in the order of their names."""
        files = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        if not files:
            raise unreadable(self.path, "a folder of .parquet files", "none of them")
        split = {file: file.stem.partition("-")[0] for file in files}
        train, test = self.chosen(set(split.values()) if self.path.is_dir() else ())
        wanted = [file for file in files if train is None or split[file] == train]
        tables = [self._opened(file) for file in wanted]
        tests = [self._opened(file) for file in files if test is not None and split[file] == test]
        return Contents(
            read_part(tables, self),
            read_part(tests, self) if tests else None,
            class_names(tables[0].schema, self.label),
        )

    def _opened(self, file: Path) -> Table:
        try:
            opened = pq.ParquetFile(file)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(file, "a Parquet file", error) from error
        batches = _batches(file, opened, [self.image, self.label])
        return Table(file, opened.schema_arrow, opened.metadata.num_rows, batches)


def _batches(file: Path, opened: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows in batches, so that never all encoded images are in memory."""
    try:
        yield from opened.iter_batches(_ROWS_AT_ONCE, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, "a whole Parquet file", error) from error
