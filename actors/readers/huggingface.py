"""Hugging Face datasets, as `save_to_disk` leaves them; read with pyarrow alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from outvoted.actors.readers.base import Contents, lacking, unreadable
from outvoted.actors.readers.columns import Table, TableSource, class_names, read_part
from outvoted.search.errors import OutvotedError

_END = bytes.fromhex("ffffffff00000000")
"""How an Arrow stream ends; one that was cut off between two batches reads as a shorter one."""
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
        return self.path / train, None if test is None else self.path / test


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
        names = [Path(each["filename"]).name for each in state["_data_files"]]
    except (KeyError, TypeError) as error:
        raise unreadable(path, "a list of data files", f"no {error}") from error
    if not names:
        raise unreadable(path, "a list of data files", "an empty one")
    return [_opened(folder / name) for name in names]


def _opened(path: Path) -> Table:
    """Open an Arrow stream; the file is mapped, not read, until its batches are."""
    try:
        mapped = pa.memory_map(str(path))
        if mapped.read_buffer()[-len(_END) :].to_pybytes() != _END:
            raise unreadable(path, "a whole Arrow stream", "one that was cut off")
        mapped.seek(0)
        with pa.ipc.open_stream(mapped) as stream:
            schema, batches = stream.schema, list(stream)
        for batch in batches:
            batch.validate(full=True)  # offsets of a damaged file would point anywhere
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, "an Arrow stream", error) from error
    return Table(path, schema, sum(map(len, batches)), batches)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise unreadable(path, "a JSON file of a saved dataset", error) from error
    return found if isinstance(found, dict) else {}
