"""Parquet files with a column of images, as Hugging Face data sets come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.actors.sources.base import Item, Piece, Source, UndecodableError
from outvoted.search.errors import OutvotedError, suggestion

_ROWS = 128  # rows decoded from a file at a time


class ParquetSource(Source):
    """A Parquet file, or all below a folder in the order of their paths.

    An image is a struct of ``bytes`` and ``path`` (the Hugging Face `Image` layout; without bytes the path is
    read, relative to the file's folder) or plain bytes, in a format that Pillow reads.
    """

    kind: Literal["parquet"] = "parquet"
    path: Path
    column: str | None = None
    """The column of images; the only one that can hold images where it is left out."""
    label: str | None = None
    """A column of whole numbers, the true labels, which score what was found."""

    def pieces(self, batch: int) -> list[Piece]:
        """Take each row group as a piece."""
        files = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        if not files:
            raise self._unusable("no *.parquet file below that folder", "name another folder")
        found: list[Piece] = []
        first = 0
        for file in files:
            form, counts = self._opened(file)
            self._column(form)
            for part, count in enumerate(counts):
                if count:
                    found.append(Piece(first, count, (str(file),), part))
                    first += count
        if not found:
            raise self._unusable("no rows", "name another file")
        return found

    def items(self, piece: Piece) -> Iterator[Item]:
        """Read the rows of a row group, few at a time."""
        path = Path(piece.where[0])
        with pq.ParquetFile(path) as file:
            column = self._column(file.schema_arrow)
            wanted = [column] if self.label is None else [column, self.label]
            for rows in file.iter_batches(_ROWS, row_groups=[piece.part], columns=wanted):
                images = rows.column(column).to_pylist()
                labels = [None] * len(images) if self.label is None else rows.column(self.label).to_pylist()
                for image, label in zip(images, labels, strict=True):
                    yield _item(image, label, path.parent)

    def _opened(self, file: Path) -> tuple[pa.Schema, list[int]]:
        try:
            with pq.ParquetFile(file) as opened:
                metadata = opened.metadata
                counts = [metadata.row_group(part).num_rows for part in range(metadata.num_row_groups)]
                return opened.schema_arrow, counts
        except (OSError, pa.ArrowException) as error:
            raise self._unusable(f"{file}: {str(error).splitlines()[0]}", "name another file") from error

    def _column(self, form: pa.Schema) -> str:
        """Return the name of the column of images."""
        if self.label is not None and self.label not in form.names:
            raise self._unusable(f"no column '{self.label}'", suggestion(self.label, form.names))
        fitting = [field.name for field in form if _holds_images(field.type)]
        if self.column is not None and self.column not in form.names:
            raise self._unusable(f"no column '{self.column}'", suggestion(self.column, form.names))
        chosen = fitting if self.column is None else [name for name in fitting if name == self.column]
        if len(chosen) == 1:
            return str(chosen[0])
        columns = ", ".join(f"{field.name} ({field.type})" for field in form)
        remedy = f"choose {' or '.join(fitting)}" if fitting else "name a file with images in it"
        raise self._unusable(f"columns {columns}", f"{remedy} (scan.source.column)")

    def _unusable(self, found: str, remedy: str) -> OutvotedError:
        column = "a column" if self.column is None else f"the column '{self.column}'"
        return OutvotedError(
            expected=f"Parquet with {column} of images (bytes, or a struct of bytes and path) at {self.path}",
            found=found,
            remedy=remedy,
        )


def _holds_images(form: Any) -> bool:
    if pa.types.is_struct(form):
        return any(form.field(index).name == "bytes" for index in range(form.num_fields))
    return bool(pa.types.is_binary(form) or pa.types.is_large_binary(form))


def _item(image: Any, label: int | None, folder: Path) -> Item:
    if isinstance(image, bytes):
        return Item(image, label=label)
    path = image.get("path") if image else None
    content: bytes | UndecodableError | None = image.get("bytes") if image else None
    if content is None and path:
        try:
            content = (folder / path).read_bytes()
        except OSError as error:
            content = UndecodableError(error.strerror or str(error))
    return Item(content or UndecodableError("no image in this row"), path, label)
