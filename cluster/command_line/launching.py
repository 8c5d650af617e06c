"""How a command makes a run, whatever its kind."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.command_line.resuming import resumable
from outvoted.cluster.console import records
from outvoted.cluster.console.terminal import console, say_written, to_report
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import KINDS, configured
from outvoted.cluster.jobs.runs import checked, newest
from outvoted.cluster.storage.at_hand import fetched
from outvoted.cluster.storage.urls import given_as
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown
from outvoted.search.trust import named_by


@dataclass(frozen=True)
class Given:
    """What a command that makes a run was given."""

    config: Path
    override: Sequence[str]
    name: str | None
    address: str
    resume: bool
    runs: Path
    debug: bool


def make_run(kind_name: str, keys: Mapping[str, Any], given: Given) -> None:
    """Make a run, and say what it found and where it is.

    Args:
        kind_name: names the kind of run.
        keys: what stands in the configuration file.

    Raises:
        OutvotedError: something must be fixed, or every search of a target failed.
        Exit: a signal cut the run off.
    """
    use_one_thread()  # as the actors do; this process only reads and draws
    kind = KINDS[kind_name]
    settings = configured(kind, keys, given.config, given.override)
    path = run_folder(given.config, given.name, given.runs, given.resume)
    began = records.RunBegan(
        kind=kind.name, place=str(given_as(path.absolute())), version=version("outvoted")
    )
    records.write_if_wanted(console, began)
    with resumable(kind.command, given.config, given.override, path, given.address) as again:
        job = Job(kind, settings, RunFolder(path), given.address, given.resume, given.debug)
        report = launch(job, console)
    report.show(console)
    where = given_as(path)
    say_written(where, kind.written, to_report(where, named_by(settings)), *kind.next(job, again))
    report.check(f"all rows are kept in {where}")


def run_folder(config: Path, name: str | None, runs: Path, resume: bool) -> Path:
    """Return the folder of a run: by its name, or the newest of a configuration to resume, or a new one.

    Raises:
        OutvotedError: the name cannot be a folder's, or there is nothing to resume.
    """
    if name is not None:
        return runs / checked(name, "--name")
    return newest(runs, config.stem) if resume else runs / checked(default_name(config), shown(config))


def has_begun(name: str | None, runs: Path) -> bool:
    """Return whether a run has begun, so that it can be resumed.

    Raises:
        OutvotedError: it has no name, so that the next start would not find it.
    """
    if name is None:
        raise OutvotedError(
            expected="a name for a run that may be started again",
            found="--start-or-resume without --name",
            remedy="add --name",
        )
    return RunFolder(fetched(runs / checked(name, "--name"))).changed_at() is not None


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
