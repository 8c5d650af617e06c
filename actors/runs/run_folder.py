"""The folder of a run of any kind: where things lie in it, and `run.json`, which says what it is."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outvoted.actors.runs import tables
from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.files import refuse_links, write_atomically
from outvoted.actors.runs.schema import TableSchema
from outvoted.search.errors import OutvotedError

EARLIER = ("outvoted run 1", "outvoted run 2", "outvoted run 3")
"""Formats that development versions wrote. Their tables have columns of other names."""


class State(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


class DataRecord(BaseModel):
    """The data set a run was mined from; ``fingerprint`` is a SHA-256 over pixels and labels."""

    name: str
    fingerprint: str
    train: int
    test: int
    class_names: tuple[str, ...] | None = None


class ProgressRecord(BaseModel):
    """How far one of a run's tasks was when the run last said so, as its bar shows it.

    Attributes:
        task: what is done.
        done, total: how much of it, and in all; None where that is unknown.
        details: what came of it, in words.
        per_second: done during the last minute; None where it can't be told, and of a task that has ended.
        mistakes, failed: so far; None of a task that looks for none.
    """

    model_config = ConfigDict(extra="ignore")

    task: str
    done: float
    total: float | None = None
    details: str = ""
    per_second: float | None = None
    mistakes: int | None = None
    failed: int | None = None


class RunRecord(BaseModel):
    """The content of `run.json`."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["outvoted run 4"] = "outvoted run 4"
    name: str
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "mine"
    """The kind of run: what its folder in `cluster/jobs/` is called."""
    state: State
    config: dict[str, Any]
    versions: dict[str, str]
    data: DataRecord | None = None
    panel_fingerprint: str | None = None
    figures: dict[str, Any] = Field(default_factory=dict)
    """What the run's kind counts of itself: see :class:`Figures`."""
    progress: tuple[ProgressRecord, ...] = ()
    """In the order in which tasks began; said again every few seconds."""
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    message: str | None = None
    epoch: int = 0
    """How often the run was begun or taken up again: who works on it has the highest."""
    counts: tuple[str, str] | None = None
    """What `outvoted runs` says of searches and mistakes, once the run has finished."""

    @property
    def command(self) -> str:
        """The command that made the run."""
        return command_of(self.kind)


class Figures(BaseModel):
    """What runs of one kind count of themselves; `run.json` has it under ``figures``."""

    @classmethod
    def of(cls, record: RunRecord) -> Self:
        """Return a record's figures.

        Raises:
            OutvotedError: they are none of these.
        """
        try:
            return cls.model_validate(record.figures)
        except ValidationError as error:
            place = ".".join(("figures", *map(str, error.errors()[0]["loc"])))
            raise OutvotedError(
                expected=f"what `outvoted {record.command}` counts in the run.json of {record.name}",
                found=f"a wrong value of {place}",
                remedy="restore run.json, or start a new run under another --name",
            ) from error

    def put(self, record: RunRecord) -> None:
        """Make these the figures of a record."""
        record.figures = self.model_dump(mode="json")


_WRITING = Lock()
_LONGEST = 1 << 26  # bytes of run.json: 64 MiB; what is cut off there is no JSON


class RunFolder:
    """Knows the places in a run's folder that every kind of run may have, and reads and writes `run.json`."""

    def __init__(self, path: Path, runs: Path | None = None) -> None:
        """Take the run's folder, and the folder of all runs if that is not the one around it."""
        self.path = path
        self._runs = path.parent if runs is None else runs

    @property
    def title(self) -> str:
        """The run's name, behind that of the run that it is a part of."""
        return str(self.path.relative_to(self._runs))

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
    def generator(self) -> Path:
        """The folder of a generator that was trained for the run."""
        return self.path / "generator"

    @property
    def labels(self) -> Path:
        """The folder of the labels that people gave: a file for each labeller."""
        return self.path / "labels"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tb"

    def write_record(self, record: RunRecord) -> None:
        """Replace ``run.json``; several threads may."""
        with _WRITING:
            text = record.model_dump_json(indent=2) + "\n"
            write_atomically(self.path / "run.json", lambda path: path.write_text(text, "utf-8"))

    def read_record(self) -> RunRecord:
        """Read ``run.json``; opening a run begins with it.

        Raises:
            OutvotedError: there is none, it cannot be read, it is not a run's or another version's; or there
                are links in the folder, through which other files would be read or written.
        """
        try:
            refuse_links(self.path)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return self.glance()

    def glance(self) -> RunRecord:
        """Read ``run.json`` and look at nothing else: cheap in a folder with ten thousand shards.

        Raises:
            OutvotedError: there is none, it cannot be read, it is a link, not a run's, or another version's.
        """
        try:
            descriptor = os.open(self.path / "run.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                return RunRecord.model_validate_json(file.read(_LONGEST))
        except (OSError, ValueError) as error:
            raise _unreadable(self.path, error) from error

    def changed_at(self) -> int | None:
        """Return when ``run.json`` was last written, in ns, or None where there is none."""
        try:
            return (self.path / "run.json").stat().st_mtime_ns
        except OSError:
            return None

    def write_extra(self, name: str, rows: pa.Table) -> None:
        """Write a table beside the run's own, which only the making knows and a report draws."""
        tables.write(self._extra(name), rows)

    def has_extra(self, name: str) -> bool:
        """Whether such a table is there."""
        return self._extra(name).is_file()

    def extra(self, name: str, form: TableSchema) -> pa.Table | None:
        """Read such a table; None where the run has not made it.

        Raises:
            OutvotedError: it cannot be read, or has another form.
        """
        return tables.read(self._extra(name), form) if self.has_extra(name) else None

    def _extra(self, name: str) -> Path:
        return self.path / "extra" / f"{name}.parquet"


def _unreadable(path: Path, error: OSError | ValueError) -> OutvotedError:
    found, remedy = _wrong(error), "`outvoted runs` lists the runs there are; choose one of them"
    if "earlier development" in found:
        remedy = "run it again under another --name: tables and files have other columns and keys now"
    return OutvotedError(f"a run of outvoted in {path}", f"run.json: {found}", remedy)


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
