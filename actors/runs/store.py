"""A run's folder: the only place that knows where its tables lie."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from outvoted.actors.mining.rows import ShardResult
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.files import refuse_links, write_atomically
from outvoted.actors.runs.run_record import EARLIER, RunRecord
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

Table = Literal["searches", "mistakes"]
_LONGEST = 1 << 26  # bytes of run.json: 64 MiB; what is cut off there is no JSON
_KEYS = {"searches": ("search_id",), "mistakes": ("search_id", "number")}
_FORMS = {"searches": schema.searches(), "mistakes": schema.mistakes((), ())}


class RunStore:
    """Reads and writes the folder of one run.

    A shard is there when its file in ``searches/`` is; its mistakes are written before it, so readers
    take only mistakes whose search they know.
    """

    def __init__(self, path: Path, runs: Path | None = None) -> None:
        """Take the run's folder, and the folder of all runs if that is not the one around it."""
        self.path = path
        self._runs = path.parent if runs is None else runs

    @property
    def panels(self) -> Path:
        """The folder in which trained panels are kept for all runs with the same settings."""
        return self._runs / ".panels"

    @property
    def peers(self) -> Path:
        """The folder of the trained networks."""
        return self.path / "peers"

    @property
    def referee(self) -> Path:
        """The folder of a referee that is trained apart from the panels it judges."""
        return self.path / "referee"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tb"

    def write_record(self, record: RunRecord) -> None:
        """Replace ``run.json``."""
        text = record.model_dump_json(indent=2) + "\n"
        write_atomically(self.path / "run.json", lambda path: path.write_text(text, "utf-8"))

    def read_record(self) -> RunRecord:
        """Read ``run.json``; whoever opens a run begins with it.

        Raises:
            OutvotedError: there is none, it cannot be read, or it is not a run's; or there are links in the
                folder, through which others' files would be read or written.
        """
        path = self.path / "run.json"
        try:
            refuse_links(self.path)
            return RunRecord.model_validate_json(_text(path))
        except (OSError, ValueError) as error:
            raise _foreign(self.path, error) from error

    def changed_at(self) -> int | None:
        """Return when ``run.json`` was last written, in ns, or None where there is none."""
        try:
            return (self.path / "run.json").stat().st_mtime_ns
        except OSError:
            return None

    def write_shard(self, result: ShardResult) -> None:
        """Write the rows of a shard; writing them twice changes nothing."""
        for table, rows in (("mistakes", result.mistakes), ("searches", result.searches)):
            tables.write(self.path / table / f"{result.name}.parquet", rows)

    def done(self) -> Ints:
        """Return the ids of all recorded searches, ascending."""
        found = [self._read("searches", path, ["search_id"]) for path in self._files("searches")]
        ids = [table.column("search_id").to_numpy() for table in found]
        return np.unique(np.concatenate([np.empty(0, np.int64), *ids]))

    def table(self, name: Table) -> pa.Table:
        """Read all rows of a table in the order of their search ids, each search and each mistake once."""
        files = self._files(name)
        if not files:
            return pa.table({"search_id": pa.array([], pa.int64())})
        rows = pa.concat_tables([self._read(name, path) for path in files])
        keys = [rows.column(column).to_numpy() for column in _KEYS[name]]
        _, first = np.unique(np.stack(keys), axis=1, return_index=True)
        if name == "mistakes":
            first = first[np.isin(keys[0][first], self.done())]
        return rows.take(first)

    def frame(self, name: Table) -> pd.DataFrame:
        """Read a table into pandas."""
        return pd.DataFrame(self.table(name).to_pandas())

    def _files(self, name: Table) -> list[Path]:
        return sorted((self.path / name).glob("shard-*.parquet"))

    def _read(self, name: Table, path: Path, columns: list[str] | None = None) -> pa.Table:
        return tables.read(path, _FORMS[name], columns)


def _text(path: Path) -> bytes:
    """Read a file, but no more of one than a record can be."""
    with path.open("rb") as file:
        return file.read(_LONGEST)


def _wrong(error: OSError | ValueError) -> str:
    """Say why a ``run.json`` cannot be read."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if not isinstance(error, ValidationError):
        return "no path"
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "json_invalid":
        return "empty, cut short or no JSON"
    if place == "format":
        which = "an earlier development" if first["input"] in EARLIER else "another"
        return f"written by {which} version of outvoted, in the format '{str(first['input'])[:60]}'"
    return f"no {place} in it" if first["type"] == "missing" else f"a wrong value of {place or 'everything'}"


def _foreign(path: Path, error: OSError | ValueError) -> OutvotedError:
    found = _wrong(error)
    remedy = "`outvoted runs` lists the runs there are; choose one of them"
    if "earlier development" in found:
        remedy = "start it again under another --name: columns and keys are called otherwise now"
    return OutvotedError(f"a run of outvoted in {path}", f"run.json: {found}", remedy)
