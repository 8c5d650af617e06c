"""Hugging Face datasets, as `save_to_disk` leaves them; read with pyarrow alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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


@dataclass(frozen=True)
class StreamShard(TableShard):
    """Rows of a file with an Arrow stream; it is mapped, not read, until its batches are."""

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Read the batches that hold the rows."""
        try:
            yield from self.within(batch.select(columns) for batch in _stream(self.path))
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
        size, rows, held = path.stat().st_size, 0, 0
        mapped = pa.memory_map(str(path))
        if mapped.read_buffer()[-len(_END) :].to_pybytes() != _END:
            raise unreadable(path, "a whole Arrow stream", "one that was cut off")
        mapped.seek(0)
        with pa.ipc.open_stream(mapped) as stream:
            schema = stream.schema
        for batch in _stream(path):
            rows += len(batch)
            held += batch.nbytes
            check_rows(rows, size, path)
            check_room(held, path, size)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, "an Arrow stream", error) from error
    return StreamShard(path, path.parent, schema, image_column(schema, path, image) if rows else "", 0, rows)


def _stream(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_stream(pa.memory_map(str(path))) as stream:
        for batch in stream:
            batch.validate(full=True)  # offsets of a damaged file would point anywhere
            yield batch


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_TEXT:
            raise ValueError(f"more than {_MOST_TEXT:,} bytes")
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, "a JSON file of a saved dataset", error) from error
    return found if isinstance(found, dict) else {}
