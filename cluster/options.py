"""What the commands share: options, the terminal, and where a run goes."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from outvoted.actors.store import RunStore
from outvoted.cluster.runs import newest
from outvoted.cluster.terminal import Terminal
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING, NOTHING, Trust

console = Terminal(emoji=False)  # import paths have colons
errors = Terminal(stderr=True, emoji=False)

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
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run, or extend it.")]
DEFAULT_RUNS = Path("runs")
INTERRUPTED = 130  # what shells give a command that Ctrl-C ended


def trusted(trust: bool) -> Trust:
    """Return what a run may import: with --trust everything it names, else nothing."""
    return EVERYTHING if trust else NOTHING


def run_folder(config: Path, name: str | None, runs: Path, resume: bool) -> Path:
    """Return the folder of a run: by its name, or the newest of a configuration to resume, or a new one."""
    if name is not None:
        return runs / _checked(name)
    return newest(runs, config.stem) if resume else runs / default_name(config)


def run_store(run: Path, runs: Path) -> RunStore:
    """Return the store of a run that is named by its folder, or by its name within the folder of runs."""
    return RunStore(run if (run / "run.json").exists() or not (runs / run).exists() else runs / run)


@contextmanager
def resumable(command: str, config: Path, override: Sequence[str] | None, path: Path) -> Iterator[None]:
    """Where Ctrl-C ends the block, exit as shells expect, and say how to go on with a run that had begun."""
    try:
        yield
    except KeyboardInterrupt:
        if (path / "run.json").exists():
            sets = "".join(f" --set {item}" for item in override or ())
            errors.print(
                f"\nCut off; what was done is kept in {path}. Go on with:\n"
                f"  outvoted {command} {config}{sets} --runs {path.parent} --name {path.name} --resume",
                soft_wrap=True,
            )
        raise typer.Exit(INTERRUPTED) from None


def say_written(path: Path, what: str, *commands: str) -> None:
    """Say what a command left where, and which commands may come next."""
    said = escape("".join(f"\n  {command}" for command in commands))
    console.print(
        f"\nWritten to [b]{escape(str(path))}[/]: {escape(what)}. To try next:{said}",
        soft_wrap=True,
        highlight=False,
    )


def to_report(run: Path) -> str:
    """Return the command that makes a page of a run."""
    return f"outvoted report {run}   # a page to click through"


def default_name(config: Path) -> str:
    """Name a run after its configuration and the time."""
    return f"{config.stem}-{time.strftime('%Y%m%d-%H%M%S')}"


def _checked(name: str) -> str:
    if not name or name.startswith(".") or Path(name).name != name:
        raise OutvotedError(
            expected="a name for the run that is a plain folder name",
            found=f"--name '{name}'",
            remedy="leave out slashes and leading dots; choose the folder of runs with --runs",
        )
    return name
