"""Submitting a run: it is checked here as its own command would, sent, and started as a job."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.configuration.ready import file_of
from outvoted.cluster.console.terminal import command, warn
from outvoted.cluster.jobs.job import Job, Kind, readied
from outvoted.cluster.jobs.kinds import KINDS, configured
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.submitting.dashboard import Jobs
from outvoted.cluster.submitting.entry import ENVIRONMENT, Entry, job_name, next_id, runs_folder
from outvoted.cluster.submitting.packing import pack
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class Submission:
    """What is to be submitted.

    Attributes:
        config: a file, or the name of a ready configuration.
        keys: what stands in it.
        runs: the folder or URL of runs on the cluster; None for the cluster's own.
        off_head: whether its command runs on another node than the head, and outlives that.
        without: what of the current folder is not sent; None to send nothing but the configuration.
    """

    kind: str
    config: Path
    keys: Mapping[str, Any]
    name: str
    override: Sequence[str] = ()
    runs: str | None = None
    resume: bool = False
    off_head: bool = False
    without: Sequence[str] | None = ()
    debug: bool = False

    def again(self, where: Sequence[str]) -> str:
        """Return the command that resumes the run; ``where`` is the option that says where."""
        parts: list[str | Path] = ["outvoted", "submit", self.config, *where, "--name", self.name]
        parts += [part for one in self.override for part in ("--set", one)]
        parts += [] if self.runs is None else ["--runs", self.runs]
        parts += ["--off-head"] * self.off_head
        parts += [part for one in self.without or () for part in ("--without", one)]
        parts += ["--no-code"] * (self.without is None)
        return command(*parts, "--resume")


def submit(wanted: Submission, jobs: Jobs, console: Console) -> str:
    """Check a run here, and start it there; return the id of its job.

    Raises:
        OutvotedError: something in the configuration must be fixed, a run of this name lives, too much would
            be sent, or the cluster refuses.
    """
    _check_names(wanted)
    kind = KINDS[wanted.kind]
    settings = configured(kind, wanted.keys, wanted.config, wanted.override)
    job = next_id(jobs, wanted.name)
    check_here(kind, settings, wanted.name, console)
    with tempfile.TemporaryDirectory(prefix="outvoted-submit-") as folder:
        there = Path(folder) / "sent"
        there.mkdir()
        file = file_of(wanted.config)
        packed = pack(file, settings.model_dump(mode="json"), Path.cwd(), there, wanted.without)
        for key, value in packed.absent.items():
            warn(console, f"{key}: {value} is not sent; it must be on the cluster, under the same path")
        entry = Entry(
            wanted.kind, packed.config, wanted.name, wanted.override, wanted.runs, wanted.resume, wanted.debug
        )
        notes = _notes(wanted, jobs.address)
        console.print(f"sending {packed.files:,} files, {packed.size / 1e6:.1f} MB", soft_wrap=True)
        jobs.submit(job, entry.command, there, ENVIRONMENT, notes, off_head=wanted.off_head)
    return job


def _check_names(wanted: Submission) -> None:
    job_name(wanted.name, "--name")
    runs_folder(wanted.runs)
    if wanted.off_head and wanted.runs is None:
        raise OutvotedError(
            expected="--runs beside --off-head: a folder that all machines of the cluster see, or a URL",
            found="none",
            remedy="name one, or leave out --off-head: the run's command and its folder are then on the head",
        )


def _notes(wanted: Submission, address: str) -> dict[str, str]:
    """Return what a run's job is known by on its cluster."""
    return {
        "outvoted": version("outvoted"),
        "kind": wanted.kind,
        "runs": wanted.runs or "",
        "off_head": "yes" if wanted.off_head else "",
        "again": wanted.again(("--address", address)),
    }


def check_here(kind: Kind[Any], settings: RunSettings, name: str, console: Console) -> None:
    """Check all that the run's command would before it starts Ray, where its data can be read here.

    Raises:
        OutvotedError: what the run itself would say.
    """
    if not _has_data(settings):
        console.print("The data is not here: it is checked on the cluster.", soft_wrap=True)
        return
    with tempfile.TemporaryDirectory(prefix="outvoted-check-") as folder:
        nowhere = RunFolder(Path(folder) / name)
        readied(Job(kind, settings, nowhere, address="auto"), console)


def _has_data(settings: RunSettings) -> bool:
    data = getattr(settings, "data", None)
    path = getattr(data, "path", None)
    if path is not None:
        return Path(path).exists()
    return not isinstance(data, DataSettings) or datasets.find(data) is not None
