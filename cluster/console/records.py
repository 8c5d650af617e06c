"""Progress as records in a job's log: what a terminal far away needs to draw the same bars.

A record ends a line of the log: the character RS, then JSON (as in RFC 7464). What stands before it on the
line is what a run without a terminal says anyway, so that people can read such a log as it is.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from rich.console import Console

VARIABLE = "OUTVOTED_PROGRESS"
"""The environment variable that asks a run without a terminal for records, where it is "records"."""
MARK = "\x1e"
_LONGEST = 1 << 16  # characters of a line that is taken for a record


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RunBegan(_Record):
    """A run has begun: its kind, its folder or URL, and the version that makes it."""

    record: Literal["run"] = "run"
    kind: str
    place: str
    version: str


class TaskAt(_Record):
    """How far a task is; ``at`` is the run's own clock in seconds, ``of`` None where no total is known."""

    record: Literal["task"] = "task"
    task: Annotated[int, Field(ge=0, lt=1_000_000)]
    name: str
    done: float
    of: float | None = None
    details: str = ""
    visible: bool = True
    at: float


class FileSent(_Record):
    """A file of a run that can be fetched: its path within the folder, bytes, SHA-256."""

    record: Literal["file"] = "file"
    path: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FilesListed(_Record):
    """All files were listed; ``link`` is where they can be read, below the folder of Ray's logs."""

    record: Literal["files"] = "files"
    files: int
    link: Annotated[str, Field(pattern="^[a-z0-9-]{1,80}$")]


Record = RunBegan | TaskAt | FileSent | FilesListed
_ANY: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


def wanted() -> bool:
    """Return whether this process was asked for records."""
    return os.environ.get(VARIABLE) == "records"


def write(console: Console, record: Record, said: str = "") -> None:
    """Write a line with a record into the log; ``said`` is for people."""
    console.file.write(f"{said}{MARK}{record.model_dump_json(exclude_defaults=False)}\n")
    console.file.flush()


def write_if_wanted(console: Console, record: Record) -> None:
    """Write a record where this process was asked for records."""
    if wanted():
        write(console, record)


_BEGAN = time.monotonic()
_FIRSTS = count(0, 1000)


class RecordPace:
    """Says when the next record of a task is due: every second at first, every ten in a long run.

    A run of ten hours leaves some 5,000 records, less than a MiB for whoever rejoins.

    Attributes:
        first: what tasks are numbered from, so that no two in one process have the same number.
    """

    def __init__(self) -> None:
        self.first = next(_FIRSTS)
        self._last: dict[int, tuple[float, Mapping[str, Any]]] = {}

    @property
    def now(self) -> float:
        """Seconds since this process began."""
        return time.monotonic() - _BEGAN

    def due(self, task: int, state: Mapping[str, Any], last: bool) -> bool:
        """Return whether a task's state is to be written: it is new, and the last one is old, or it ends."""
        when, before = self._last.get(task, (float("-inf"), {}))
        new = state != before
        if not new or not (last or self.now - when >= min(10.0, max(1.0, self.now / 600))):
            return False
        self._last[task] = self.now, dict(state)
        return True


class LogReader:
    """Takes a log apart into what is for people, line by line, and records."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, chunk: str) -> Iterator[tuple[str | None, Record | None]]:
        """Yield what each line that is complete now says (None: nothing), and its record, if it has one."""
        *lines, self._rest = (self._rest + chunk).split("\n")
        for line in lines:
            yield taken_apart(line)

    def end(self) -> Iterator[tuple[str | None, Record | None]]:
        """Yield the last line where no newline ends it."""
        rest, self._rest = self._rest, ""
        if rest:
            yield taken_apart(rest)


def taken_apart(line: str) -> tuple[str | None, Record | None]:
    """Return what a line says, and its record; what is no record of this version's is for people."""
    said, mark, text = line.rpartition(MARK)
    if not mark or len(line) > _LONGEST:
        return line, None
    try:
        record = _ANY.validate_python(json.loads(text))
    except (ValueError, RecursionError, ValidationError):
        return line, None
    return said or None, record
