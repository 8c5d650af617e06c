"""Hugging Face datasets, as `save_to_disk` leaves them; read with pyarrow alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from outvoted.actors.data.files import inside, lacking, unreadable
from outvoted.actors.data.formats.base import Contents
from outvoted.actors.data.formats.columns import Table, TableSource, class_names, read_part
from outvoted.actors.data.formats.image_columns import check_rows
from outvoted.actors.data.pictures import UndecodableError
from outvoted.actors.data.room import check_room
from outvoted.search.errors import OutvotedError

_END = bytes.fromhex("ffffffff00000000")
"""How an Arrow stream ends; one that was cut off between two batches reads as a shorter one."""
_MOST_TEXT = 16 << 20
_STATE, _SPLITS = "state.json", "dataset_dict.json"


class HuggingFace(TableSource):
    """A folder made by ``save_to_disk`` of a ``Dataset`` or a ``DatasetDict`` with an ``Image`` feature."""

    name: Literal["huggingface"] = "huggingface"

    def read(self) -> Contents:
        """Read the images in the order of the dataset."""
        train, test = self._splits()
        tables = _tables(train)
        return Contents(
            read_part(tables, self),
            read_part(_tables(test), self) if test is not None else None,
            class_names(tables[0].schema, self.label),
        )

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


def _tables(folder: Path) -> Sequence[Table]:
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
    return [_opened(file) for file in files]


def _named(folder: Path, name: str, where: Path) -> Path:
    """Return what a description names, which may come from anyone, in a folder."""
    try:
        inside(folder, folder, name)
    except UndecodableError as error:
        raise unreadable(where, f"names of what lies in {folder}", error) from error
    return folder / name


def _opened(path: Path) -> Table:
    """Open an Arrow stream; the file is mapped, not read, until its batches are."""
    try:
        size = path.stat().st_size
        mapped = pa.memory_map(str(path))
        if mapped.read_buffer()[-len(_END) :].to_pybytes() != _END:
            raise unreadable(path, "a whole Arrow stream", "one that was cut off")
        mapped.seek(0)
        with pa.ipc.open_stream(mapped) as stream:
            schema, batches, rows, held = stream.schema, [], 0, 0
            for batch in stream:
                rows += len(batch)
                check_rows(rows, size, path)
                batch.validate(full=True)  # offsets of a damaged file would point anywhere
                batches.append(batch)
                held += batch.nbytes
                check_room(held, path, size)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, "an Arrow stream", error) from error
    return Table(path, schema, rows, batches, path.parent)


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_TEXT:
            raise ValueError(f"more than {_MOST_TEXT:,} bytes")
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, "a JSON file of a saved dataset", error) from error
    return found if isinstance(found, dict) else {}
