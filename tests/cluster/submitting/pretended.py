"""A cluster that is pretended: jobs are entries of a dictionary, and files are those of a folder."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from outvoted.cluster.submitting.dashboard import JobSeen, UnreachableError, no_such_run


class PretendedCluster:
    """Keeps what is submitted; what a job says and how it ends is set by the test."""

    def __init__(self, files: Path | None = None) -> None:
        self.address = "http://head:8265"
        self.known: dict[str, JobSeen] = {}
        self.off_head: set[str] = set()
        self.entries: dict[str, str] = {}
        self.sent: dict[str, list[str]] = {}
        self.said: dict[str, str] = {}
        self.files = files
        self.breaks = 0
        """How many more times a connection breaks half-way through a log."""
        self.away = False
        """Whether nobody answers for it."""
        self.stands = 0
        """How many more times a connection stands still instead, as where a cable was pulled."""

    def submit(
        self,
        job: str,
        entry: str,
        folder: Path,
        environment: Mapping[str, str],
        notes: Mapping[str, str],
        off_head: bool = False,
    ) -> None:
        """Keep it, as one that runs."""
        assert job not in self.known
        self.known[job] = JobSeen(job, "RUNNING", node="n", notes=dict(notes), began=time.time())
        self.entries[job] = entry
        self.off_head |= {job} if off_head else set()
        self.sent[job] = sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        )

    def ends(self, job: str, state: str, code: int | None = None, said: str = "") -> None:
        """Have a job end."""
        self.known[job] = replace(self.known[job], state=state, code=code, said=said)

    def job(self, job: str) -> JobSeen:
        """Return it."""
        if self.away:
            raise UnreachableError("a dashboard", "nothing that listens there", "check host and port")
        if job not in self.known:
            raise no_such_run(self.address, job)
        return self.known[job]

    def jobs(self) -> Sequence[JobSeen]:
        """Return all."""
        return list(self.known.values())

    def stop(self, job: str) -> None:
        """Stop it at once."""
        self.ends(job, "STOPPED")

    def log(self, job: str) -> str:
        """Return what was set."""
        return self.said.get(job, "")

    async def tail(self, job: str) -> AsyncGenerator[str, None]:
        """Yield what was set in pieces of seven characters, and perhaps break."""
        text = self.log(job)
        for start in range(0, len(text), 7):
            if self.breaks and start > len(text) / 2:
                self.breaks -= 1
                raise ConnectionError("reset")
            if self.stands and start > len(text) / 2:
                self.stands -= 1
                await asyncio.Event().wait()
            yield text[start : start + 7]

    def file(self, node: str, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        assert self.files is not None
        yield (self.files / name.partition("/")[2]).read_bytes()
