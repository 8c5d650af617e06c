"""What the commands share: options, where a run goes, and what is said when one is cut off."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.runs.store import RunStore
from outvoted.cluster.console.ending import INTERRUPTED as INTERRUPTED
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.console.terminal import console as console
from outvoted.cluster.console.terminal import errors as errors
from outvoted.cluster.console.terminal import flag as flag
from outvoted.cluster.console.terminal import say_written as say_written
from outvoted.cluster.console.terminal import shown
from outvoted.cluster.console.terminal import to_report as to_report
from outvoted.cluster.jobs.runs import checked, newest
from outvoted.search.trust import EVERYTHING, NOTHING, Trust

Runs = Annotated[Path, typer.Option("--runs", help="The folder of runs.", envvar="OUTVOTED_RUNS")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and what Ray prints.")]
Override = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: search.patience=100. Repeatable.")
]
Name = Annotated[str | None, typer.Option(help="The run's name; its folder is RUNS/NAME.")]
LOCAL = "local"
Address = Annotated[str, typer.Option(help="local, auto, or the HOST:PORT of a Ray cluster.")]
Trusted = Annotated[
    bool, typer.Option("--trust", help="Import the Python code that the run names: it runs as you.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run, or extend it.")]
DEFAULT_RUNS = Path("runs")


def trusted(trust: bool) -> Trust:
    """Return what a run may import: with --trust everything it names, else nothing."""
    return EVERYTHING if trust else NOTHING


def run_folder(config: Path, name: str | None, runs: Path, resume: bool) -> Path:
    """Return the folder of a run: by its name, or the newest of a configuration to resume, or a new one.

    Raises:
        OutvotedError: the name is none for a folder, or there is nothing to resume.
    """
    if name is not None:
        return runs / checked(name, "--name")
    return newest(runs, config.stem) if resume else runs / checked(default_name(config), shown(config))


def run_store(run: Path, runs: Path) -> RunStore:
    """Return the store of a run that is named by its folder, or by its name within the folder of runs."""
    return RunStore(run if (run / "run.json").exists() or not (runs / run).exists() else runs / run)


@contextmanager
def resumable(
    command: str, config: Path, override: Sequence[str] | None, path: Path, address: str = LOCAL
) -> Iterator[None]:
    """Where a signal cuts the block off, exit as shells expect; say how to go on with a run that began."""
    began = RunStore(path).changed_at()
    try:
        yield
    except KeyboardInterrupt as cut:
        said = f"\nCut off{f' by {cut}' if str(cut) else ''}"
        if RunStore(path).changed_at() == began:
            errors.print(f"{said} before anything was begun.", soft_wrap=True)
        else:
            sets = [part for item in override or () for part in ("--set", item)]
            where: list[str | Path] = ["--runs", path.parent, "--name", path.name]
            joined = [] if address == LOCAL else ["--address", address]
            again = typed("outvoted", command, config, *sets, *where, *joined, "--resume")
            errors.print(f"{said}; what was done is kept in {path}. Go on with:", soft_wrap=True)
            errors.print(f"  {again}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
