"""Parquet files with a column of images, as Hugging Face data sets come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.data.chunks import Item, Piece, Source
from outvoted.actors.data.files import UserPath, refuse_streams, walked
from outvoted.actors.data.formats.image_columns import (
    check_rows,
    encoded,
    holds_images,
    labels_of,
    rows_at_once,
)
from outvoted.actors.data.room import check_room
from outvoted.actors.runs.files import reason
from outvoted.search.errors import OutvotedError, suggestion

_ROWS = 128  # rows decoded from a file at a time
_LABELS = 1 << 16


class ParquetSource(Source):
    """A Parquet file, or all below a folder in the order of their paths.

    An image is bytes, in a format that Pillow reads, or a struct of ``bytes`` and ``path`` (the Hugging Face
    `Image` layout). Without bytes the path is read, relative to the file's folder; it must lie inside the
    folder that is scanned, that of the file where one file is.
    """

    kind: Literal["parquet"] = "parquet"
    path: UserPath
    column: str | None = None
    """The column of images; the only one that can hold images where it is left out."""
    label: str | None = None
    """A column of whole numbers, the true labels, which score what was found; null where one is not known."""

    def pieces(self, batch: int) -> list[Piece]:
        """Take each row group as a piece."""
        files = self._files()
        refuse_streams(self.path, files)
        if not files:
            raise self._unusable("no *.parquet file below that folder", "name another folder")
        found: list[Piece] = []
        first = 0
        for file in files:
            for part, count in enumerate(self._counts(file)):
                if count:
                    found.append(Piece(first, count, (str(file),), part))
                    first += count
        if not found:
            raise self._unusable("no rows", "name another file")
        return found

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the rows of a row group, few at a time."""
        path = Path(piece.where[0])
        root = self.path if self.path.is_dir() else path.parent
        with pq.ParquetFile(path) as file:
            column = self._column(file.schema_arrow)
            wanted = [column] if self.label is None else [column, self.label]
            few = rows_at_once(file, _ROWS)
            for rows in file.iter_batches(few, row_groups=[piece.part], columns=wanted):
                labels = [-1] * len(rows)
                if self.label is not None:
                    labels = labels_of(rows.column(self.label), self._where(path)).tolist()
                images = encoded(rows.column(column), root, path.parent)
                for (image, name), label in zip(images, labels, strict=True):
                    yield Item(image, name, None if label < 0 else label)

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        return sorted(path for path in walked(self.path) if path.name.lower().endswith(".parquet"))

    def _counts(self, file: Path) -> list[int]:
        """Return the number of rows of each row group, after a look at what can be known before reading."""
        try:
            with pq.ParquetFile(file) as opened:
                groups = [opened.metadata.row_group(part) for part in range(opened.metadata.num_row_groups)]
                counts = [group.num_rows for group in groups]
                if not sum(counts):  # an empty shard says nothing of its columns
                    return counts
                check_rows(sum(counts), file.stat().st_size, file)
                for group in groups:
                    check_room(group.total_byte_size, f"a row group of {file}")
                self._column(opened.schema_arrow)
                self._check_labels(opened, file)
                return counts
        except (OSError, pa.ArrowException) as error:
            raise self._unusable(f"{file}: {reason(error)}", "name another file") from error

    def _check_labels(self, file: pq.ParquetFile, path: Path) -> None:
        """Read all labels, which are small, so that none is found wanting in the middle of a scan."""
        first = 0
        for rows in file.iter_batches(_LABELS, columns=[self.label]) if self.label is not None else ():
            labels_of(rows.column(0), self._where(path), first)
            first += len(rows)

    def _where(self, path: Path) -> str:
        return f"column {self.label} of {path}"

    def _column(self, form: pa.Schema) -> str:
        """Return the name of the column of images."""
        if self.label is not None and self.label not in form.names:
            raise self._unusable(f"no column '{self.label}'", suggestion(self.label, form.names))
        fitting = [field.name for field in form if holds_images(field.type)]
        if self.column is not None and self.column not in form.names:
            raise self._unusable(f"no column '{self.column}'", suggestion(self.column, form.names))
        chosen = fitting if self.column is None else [name for name in fitting if name == self.column]
        if len(chosen) == 1:
            return str(chosen[0])
        columns = ", ".join(f"{field.name} ({field.type})" for field in form)
        remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with images in it"
        raise self._unusable(f"columns {columns[:500]}", f"{remedy} (scan.source.column)")

    def _unusable(self, found: str, remedy: str) -> OutvotedError:
        column = "a column" if self.column is None else f"the column '{self.column}'"
        return OutvotedError(
            expected=f"Parquet with {column} of images (bytes, or a struct of bytes and path) at {self.path}",
            found=found,
            remedy=remedy,
        )
