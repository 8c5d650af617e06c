"""What the commands share: options, and how a run is made, whatever its kind."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console.ending import INTERRUPTED
from outvoted.cluster.console.terminal import command, console, errors, say_written, shown, to_report
from outvoted.cluster.jobs.job import Job, Kind, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.runs import checked, newest
from outvoted.cluster.ray.connect import LOCAL
from outvoted.search.trust import EVERYTHING, NOTHING, Trust, named_by

Runs = Annotated[Path, typer.Option("--runs", help="The folder of runs.", envvar="OUTVOTED_RUNS")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and what Ray prints.")]
Override = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: search.patience=100. Repeatable.")
]
Name = Annotated[str | None, typer.Option(help="The run's name; its folder is RUNS/NAME.")]
Address = Annotated[str, typer.Option(help="local, auto, or the HOST:PORT of a Ray cluster.")]
Trusted = Annotated[
    bool, typer.Option("--trust", help="Import the Python code that the run names: it runs as you.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a run, or extend it.")]
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


def run_store(run: Path, runs: Path) -> RunFolder:
    """Return the store of a run that is named by its folder, or by its name within the folder of runs."""
    return RunFolder(run if (run / "run.json").exists() or not (runs / run).exists() else runs / run)


def launched(kind: Kind[Any]) -> Callable[..., None]:
    """Return the command of a kind of run."""

    def run(
        config: Annotated[Path, typer.Argument(help=f"A YAML file, e.g. {kind.example}.")],
        override: Override = None,
        name: Name = None,
        address: Address = LOCAL,
        resume: Resume = False,
        runs: Runs = DEFAULT_RUNS,
        debug: Debug = False,
    ) -> None:
        settings = read(kind.form, config, override or ())
        path = run_folder(config, name, runs, resume)
        with resumable(kind.name, config, override, path, address) as again:
            job = Job(kind, settings, RunFolder(path), address, resume, debug)
            report = launch(job, console)
        report.show(console)
        say_written(path, kind.written, to_report(path, named_by(settings)), *kind.next(job, again))
        report.check(f"all rows are kept in {path}")

    run.__doc__ = kind.__doc__
    return run


@contextmanager
def resumable(
    name: str, config: Path, override: Sequence[str] | None, path: Path, address: str = LOCAL
) -> Iterator[str]:
    """Within the block a command makes a run, and can be told the command that goes on with it.

    Where a signal cuts it off, exit as shells expect, and say how to go on with a run that began.
    """
    sets = [part for item in override or () for part in ("--set", item)]
    where: list[str | Path] = ["--runs", path.parent, "--name", path.name]
    joined = [] if address == LOCAL else ["--address", address]
    again = command("outvoted", name, config, *sets, *where, *joined, "--resume")
    began = RunFolder(path).changed_at()
    try:
        yield again
    except KeyboardInterrupt as cut:
        said = f"\nInterrupted{f' by {cut}' if str(cut) else ''}"
        if RunFolder(path).changed_at() == began:
            errors.print(f"{said} before anything started.", soft_wrap=True)
        else:
            errors.print(f"{said}; what was done is kept in {path}. Resume it with:", soft_wrap=True)
            errors.print(f"  {again}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
