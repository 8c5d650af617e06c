"""Parquet files with a column of images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.data.files import unreadable, walked
from outvoted.actors.data.formats.base import Contents
from outvoted.actors.data.formats.columns import Table, TableSource, class_names, read_part
from outvoted.actors.data.formats.image_columns import check_rows, rows_at_once
from outvoted.actors.data.formats.splits import WHOLE, kind, refuse_unclear, split_in
from outvoted.actors.data.room import check_room
from outvoted.search.errors import OutvotedError

_ROWS = 256


class Parquet(TableSource):
    """A Parquet file, or a folder of them.

    In a folder, names of files or folders that hold the word of a split say which split they belong to:
    ``train-00000-of-00002.parquet``, ``test/0.parquet``, ``split=train/0.parquet``, ``x_val.parquet``.
    """

    name: Literal["parquet"] = "parquet"

    def read(self) -> Contents:
        """Read the images; files follow one another in the order of their names."""
        files = self._files()
        if not files:
            raise unreadable(self.path, "a folder of .parquet files", "none of them")
        names = {file: self._names(file) for file in files}
        train, test = self.chosen(set().union(*names.values()))
        if train is None and self.train != WHOLE and self.path.is_dir():
            refuse_unclear(files, self.path)
        tables = [self._opened(file) for file in files if train is None or train in names[file]]
        tests = [self._opened(file) for file in files if test is not None and test in names[file]]
        rest = [file for file in files if train is not None and not {train, test} & names[file]]
        notes = [f"files of no chosen split passed over: {len(rest)}, say {rest[0].name}"] if rest else []
        return Contents(
            read_part(tables, self),
            read_part(tests, self) if tests else None,
            class_names(tables[0].schema, self.label),
            notes=tuple(notes),
        )

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        return sorted(path for path in walked(self.path) if path.name.lower().endswith(".parquet"))

    def _names(self, file: Path) -> set[str]:
        """Return the names of the splits that a file can be said to belong to."""
        if not self.path.is_dir() or self.train == WHOLE:
            return set()
        within = file.relative_to(self.path)
        others = {within.stem, within.stem.partition("-")[0], *within.parent.parts}
        others |= {part.removeprefix("split=") for part in within.parent.parts}
        try:
            word = split_in(within)
        except ValueError as error:
            raise OutvotedError(
                expected=f"files whose names say one split, in {self.path}",
                found=f"{within}, which names {error}",
                remedy=f"rename it, or set data.train='{WHOLE}' if all files are one data set",
            ) from error
        return {name for name in others if not kind(name)} | ({word} if word else set())

    def _opened(self, file: Path) -> Table:
        try:
            opened = pq.ParquetFile(file)
            size = file.stat().st_size
        except (OSError, pa.ArrowException) as error:
            raise unreadable(file, "a Parquet file", error) from error
        rows = opened.metadata.num_rows
        check_rows(rows, size, file)
        for group in range(opened.metadata.num_row_groups):
            check_room(opened.metadata.row_group(group).total_byte_size, f"a row group of {file}")
        batches = _batches(file, opened, [self.image, self.label])
        return Table(
            file, opened.schema_arrow, rows, batches, self.path if self.path.is_dir() else file.parent
        )


def _batches(file: Path, opened: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows in batches, so that never all encoded images are in memory."""
    try:
        yield from opened.iter_batches(rows_at_once(opened, _ROWS), columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, "a whole Parquet file", error) from error
