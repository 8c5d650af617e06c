"""Runs of a service, by way of its API."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from rich.console import Console

from outvoted.cluster.configuration.ready import file_of
from outvoted.cluster.console.records import FileSent, TaskAt
from outvoted.cluster.console.terminal import command, phase, warn
from outvoted.cluster.jobs.kinds import KINDS, configured
from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.cluster.submitting.elsewhere import RunLine
from outvoted.cluster.submitting.entry import job_name
from outvoted.cluster.submitting.fetching import MOST_FILES, Fetched, Tell, bring
from outvoted.cluster.submitting.logs import UNREACHABLE_SECONDS
from outvoted.cluster.submitting.packing import paths_here
from outvoted.cluster.submitting.server import Server
from outvoted.cluster.submitting.submitting import Submission
from outvoted.search.errors import OutvotedError
from outvoted.search.key_paths import differences

_PAUSE_SECONDS = 2.0
_STATES = {
    "pending": "PENDING",
    "running": "RUNNING",
    "stuck": "RUNNING",
    "finished": "SUCCEEDED",
    "interrupted": "STOPPED",
    "stopped": "STOPPED",
}
"""A run's state as a job's; whatever else is said of one is an end that was none."""


class ServerRuns:
    """The runs of a service; what the methods do is said by ``Elsewhere``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def named(self) -> Sequence[str]:
        """The option that names the service."""
        return "--server", self._server.url

    @property
    def tells_only_runs(self) -> bool:
        """A service leaves out what Ray says."""
        return True

    def submit(self, wanted: Submission, console: Console) -> JobSeen:
        """Check a configuration here as far as that can be, and have the service check and start it."""
        job_name(wanted.name, "--name")
        if wanted.runs is not None or wanted.off_head:
            raise OutvotedError(
                expected="neither --runs nor --off-head beside --server",
                found=f"--runs {wanted.runs}" if wanted.runs is not None else "--off-head",
                remedy="leave it out: runs go to the folder that the service was started with",
            )
        settings = configured(KINDS[wanted.kind], wanted.keys, wanted.config, wanted.override)
        values = settings.model_dump(mode="json", exclude_unset=True)
        for key, path in paths_here(values, Path.cwd()):
            warn(console, f"{key}: {path} is not sent; it must be where the service runs, among its --data")
        with phase(console, f"asking {self._server.url}"):
            self._server.await_ready()
            if wanted.resume:
                self._resume(wanted, values)
            else:
                self._server.ask("POST", "/v1/runs", _body(wanted))
        return self.run(wanted.name)

    def run(self, name: str) -> JobSeen:
        """Return a run."""
        return _seen(name, self._server.json("GET", _path(name)), self._again(name))

    def now(self, run: JobSeen) -> JobSeen:
        """Return a run as it is now."""
        return self.run(run.id)

    def lines(self, run: JobSeen) -> Iterator[RunLine]:
        """Yield what a run has written, and what it writes until it ends; a service may restart meanwhile."""
        last, heard = "", time.monotonic()
        while True:
            try:
                for event in self._server.events(f"{_path(run.id)}/events", last):
                    last, heard = event.id or last, time.monotonic()
                    if event.kind == "end":
                        return
                    line = _line(event.data) if event.kind == "line" else None
                    if line is not None:
                        yield line
            except ConnectionError:
                if time.monotonic() - heard > UNREACHABLE_SECONDS:
                    self.run(run.id)  # which says why
            time.sleep(_PAUSE_SECONDS)

    def log(self, run: JobSeen) -> str:
        """Return what a run has said."""
        return self._server.text(f"{_path(run.id)}/logs")

    def stop(self, run: JobSeen) -> None:
        """Ask a run to end."""
        self._server.ask("POST", f"{_path(run.id)}/stop")

    def fetch(self, name: str, into: Path, runs: str | None, tell: Tell) -> Fetched | None:
        """Bring a run's folder here."""
        files = f"{_path(name)}/files"
        listed: list[FileSent] = []
        for line in self._server.lines(files):
            if line and len(listed) < MOST_FILES:
                listed.append(_file(line, self._server.url))
        return bring(listed, lambda path: self._server.content(f"{files}/{quote(path)}"), into, tell)

    def _resume(self, wanted: Submission, values: Mapping[str, Any]) -> None:
        """Go on with a run, with what has changed in its configuration.

        Raises:
            OutvotedError: what has changed may not, or the run is at work, or there is none.
        """
        there = self._server.json("GET", _path(wanted.name))
        before = there.get("config")
        changed = differences(before if isinstance(before, dict) else {}, dict(values))
        sets = {key: found for key in changed if (found := _at(values, key)) is not None}
        again = bool(sets.pop("cluster.retry_failed", False))
        path, body = (
            _path(wanted.name),
            {"overrides": [f"{key}={json.dumps(to)}" for key, to in sets.items()]},
        )
        if sets:
            self._server.ask("POST", f"{path}/extend", body)
        else:
            self._server.ask("POST", f"{path}/resume", {"retry_failed": again})

    def _again(self, name: str) -> str:
        return command("outvoted", "submit", "CONFIG", *self.named, "--name", name, "--resume")


def _path(name: str) -> str:
    return f"/v1/runs/{quote(name, safe='')}"


def _body(wanted: Submission) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "name": wanted.name,
        "config": file_of(wanted.config).read_text("utf-8"),
        "overrides": list(wanted.override),
    }


def _seen(name: str, details: Mapping[str, Any], again: str) -> JobSeen:
    state, code = str(details.get("state")), details.get("exit_code")
    return JobSeen(
        name,
        _STATES.get(state, "FAILED"),
        str(details.get("message") or ""),
        code if isinstance(code, int) else None,
        notes={"again": again},
    )


def _line(data: Mapping[str, Any]) -> RunLine | None:
    text = data.get("text")
    try:
        task = TaskAt.model_validate(data["task"]) if data.get("task") is not None else None
    except ValidationError:
        task = None
    said = text if isinstance(text, str) else None
    return None if said is None and task is None else RunLine(said, task)


def _file(line: bytes, url: str) -> FileSent:
    try:
        return FileSent.model_validate_json(line)
    except ValidationError as error:
        raise OutvotedError(
            expected=f"a list of a run's files from {url}",
            found="something else",
            remedy="install the same version of Outvoted here and where the service runs",
        ) from error


def _at(values: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key that was given, else None."""
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
