"""Hugging Face datasets, as `save_to_disk` leaves them; read with pyarrow alone."""

import json
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from outvoted.actors.data.files import inside, lacking, unreadable
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
from outvoted.actors.data.pictures import UndecodableError
from outvoted.actors.data.room import check_room
from outvoted.actors.data.store_path import StorePath
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_END = bytes.fromhex("ffffffff00000000")
"""How an Arrow stream ends; one that was cut off between two batches reads as a shorter one."""
_MOST_TEXT = 16 << 20
_STATE, _SPLITS = "state.json", "dataset_dict.json"


class HuggingFace(TableFormat):
    """A folder made by ``save_to_disk`` of a ``Dataset`` or a ``DatasetDict`` with an ``Image`` feature."""

    name: Literal["huggingface"] = "huggingface"

    def read(self) -> Contents:
        """Find the rows of each split, in the order of the dataset."""
        train, test = self._splits()
        rows = self._rows(train)
        return Contents(rows, None if test is None else self._rows(test), class_names(rows))

    def _rows(self, folder: Path) -> ColumnRows:
        return column_rows([_shard(file, self.image) for file in _files(folder)], self.label)

    def _splits(self) -> tuple[Path, Path | None]:
        if (self.path / _STATE).exists():
            self.chosen(())
            return self.path, None
        if not (self.path / _SPLITS).exists():
            raise unreadable(
                self.path, f"a folder made by save_to_disk, with {_STATE} or {_SPLITS},", "neither of them"
            )
        splits = _json(self.path / _SPLITS).get("splits")
        if not isinstance(splits, list):
            raise unreadable(self.path / _SPLITS, "a list of splits", f"{splits!r}")
        present = [str(name) for name in splits]
        train, test = self.chosen(present)
        if train is None:
            raise lacking("split", self.train, present, self.path)
        where = self.path / _SPLITS
        return _named(self.path, train, where), None if test is None else _named(self.path, test, where)


@dataclass(frozen=True, eq=False)
class StreamShard(TableShard):
    """Rows of a file with an Arrow stream; it is mapped, not read, until its batches are.

    Attributes:
        places: shape (n, 2), of each batch the number of its first row, and where in the file it begins.
    """

    places: Ints

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Read the batches that hold the rows."""
        begin, at = self.places[np.searchsorted(self.places[:, 0], self.first, "right") - 1].tolist()
        try:
            found = _stream(self.path) if at == 0 else _stream_from(self.path, at, self.schema)
            yield from self.within((batch.select(columns) for batch in found), begin)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(self.path, "an Arrow stream", error) from error


def _files(folder: Path) -> list[Path]:
    path = folder / _STATE
    state = _json(path)
    if state.get("_indices_data_files"):
        raise OutvotedError(
            expected=f"a dataset whose rows lie in order in {folder}",
            found="one with a table of indices, as datasets before 2.0 saved selections",
            remedy="load and save it again with a current version of datasets",
        )
    try:
        files = [_named(folder, each["filename"], path) for each in state["_data_files"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise unreadable(path, "a list of data files", f"no {error}") from error
    if not files:
        raise unreadable(path, "a list of data files", "an empty one")
    return files


def _named(folder: Path, name: str, where: Path) -> Path:
    """Return what a description names, which may come from anyone, in a folder."""
    try:
        inside(folder, folder, name)
    except UndecodableError as error:
        raise unreadable(where, f"names of what lies in {folder}", error) from error
    return folder / name


def _shard(path: Path, image: str) -> StreamShard:
    """Look through an Arrow stream: what it holds, and that it can be read within limits."""
    try:
        size, rows, held, named, places = path.stat().st_size, 0, 0, 0, array("q")
        with _opened(path) as file:
            file.seek(max(0, size - len(_END)))
            if file.read(len(_END)) != _END:
                raise unreadable(path, "a whole Arrow stream", "one that was cut off")
            file.seek(0)
            with pa.ipc.open_stream(file) as stream:
                schema = stream.schema
                places.extend((0, file.tell()))
                for batch in _valid(stream):
                    rows += len(batch)
                    held += batch.nbytes
                    named += _without_bytes(batch, image)
                    check_rows(rows, size, path)
                    check_room(held, path, size)
                    places.extend((rows, file.tell()))
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, "an Arrow stream", error) from error
    found = np.array(places, np.int64).reshape(-1, 2)
    if any(pa.types.is_dictionary(each) for each in _kinds(schema)):  # of which batches before have parts
        found = np.zeros((1, 2), np.int64)
    column = image_column(schema, path, image) if rows else ""
    return StreamShard(path, path.parent, schema, column, 0, rows, not named, found)


def _opened(path: Path) -> Any:
    return pa.PythonFile(path.open("rb"), "r") if isinstance(path, StorePath) else pa.memory_map(str(path))


def _stream(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_stream(_opened(path)) as stream:
        yield from _valid(stream)


def _stream_from(path: Path, at: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Read the batches from a place in the file on."""
    with _opened(path) as file:
        file.seek(at)
        yield from _valid(_messages(file, schema))


def _messages(file: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with suppress(EOFError):
        while True:
            yield pa.ipc.read_record_batch(pa.ipc.read_message(file), schema)


def _valid(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        batch.validate(full=True)  # offsets of a damaged file would point anywhere
        yield batch


def _kinds(schema: pa.Schema) -> Iterator[Any]:
    waiting = [field.type for field in schema]
    while waiting:
        kind = waiting.pop()
        yield kind
        waiting += [kind.field(place).type for place in range(kind.num_fields)]


def _without_bytes(batch: pa.RecordBatch, image: str) -> int:
    """Count the rows that may name a file in place of the bytes of an image."""
    place = batch.schema.get_field_index(image)
    if place < 0 or not pa.types.is_struct(batch.schema.field(place).type):
        return 0
    column = batch.column(place)
    inner = column.type.get_field_index("bytes")
    return len(batch) if inner < 0 else int(column.flatten()[inner].null_count)


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_TEXT:
            raise ValueError(f"more than {_MOST_TEXT:,} bytes")
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, "a JSON file of a saved dataset", error) from error
    return found if isinstance(found, dict) else {}
