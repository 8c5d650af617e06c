"""Where runs are made that are not made here: what commands and calls need of it, whoever answers there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console

from outvoted.cluster.console.records import Record
from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.cluster.submitting.fetching import Fetched, Tell
from outvoted.cluster.submitting.submitting import Submission


@dataclass(frozen=True)
class RunLine:
    """A line that a run wrote.

    Attributes:
        said: what it says to people; None where it is a record alone.
        record: how far a task is, or what the run is.
    """

    said: str | None
    record: Record | None = None


class Elsewhere(Protocol):
    """A cluster, or a service beside one."""

    @property
    def named(self) -> Sequence[str]:
        """The option that names it on the command line."""

    @property
    def tells_only_runs(self) -> bool:
        """Whether what it says of a run was written by the run, and nothing by Ray before that began."""

    def submit(self, wanted: Submission, console: Console) -> JobSeen:
        """Start a run, or go on with it.

        Raises:
            OutvotedError: something in the configuration must be fixed, a run of this name lives, or it is
                refused.
        """

    def run(self, name: str) -> JobSeen:
        """Return a run as it is now: its newest attempt.

        Raises:
            OutvotedError: there is none, or nobody answers.
        """

    def now(self, run: JobSeen) -> JobSeen:
        """Return the same attempt as it is now."""

    def lines(self, run: JobSeen) -> Iterator[RunLine]:
        """Yield what a run has written from its beginning, and what it writes until it has ended.

        Raises:
            OutvotedError: nobody has answered for minutes, or the run is gone.
        """

    def log(self, run: JobSeen) -> str:
        """Return what a run has said so far."""

    def stop(self, run: JobSeen) -> None:
        """Ask a run to end, as Ctrl-C would."""

    def fetch(self, name: str, into: Path, runs: str | None, tell: Tell) -> Fetched | None:
        """Bring a run's folder here; return None where it came from an object store.

        Args:
            into: the folder here; what is in it already and has the right checksum stays.
            runs: the folder around the run, where it is not the usual one.

        Raises:
            OutvotedError: there is no such run, another run is in the folder here, there is no space, or what
                comes is not what was listed.
        """
