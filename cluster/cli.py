"""The command line."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outvoted.actors.heal_store import HealStore
from outvoted.actors.run_record import RunRecord
from outvoted.actors.store import RunStore
from outvoted.actors.threads import use_one_thread
from outvoted.analysis.healing import healing_table
from outvoted.analysis.opened import OpenedRun
from outvoted.analysis.replay import replay as replay_mistakes
from outvoted.analysis.summary import summarise, table
from outvoted.cluster import reading
from outvoted.cluster.bars import bars
from outvoted.cluster.config import MineConfig
from outvoted.cluster.doctor import examine
from outvoted.cluster.heal import HealJob
from outvoted.cluster.heal import heal as heal_run
from outvoted.cluster.heal_config import HealConfig
from outvoted.cluster.mine import Job, default_name
from outvoted.cluster.mine import mine as mine_run
from outvoted.cluster.runs import listed, newest
from outvoted.search.errors import OutvotedError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console()
errors = Console(stderr=True)

Runs = Annotated[Path, typer.Option("--runs", help="The folder of runs.", envvar="OUTVOTED_RUNS")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and what Ray prints.")]
_DEFAULT_RUNS = Path("runs")
_INTERRUPTED = 130  # what shells give a command that Ctrl-C ended


@app.callback()
def outvoted() -> None:
    """Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree."""


@app.command()
def mine(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/mnist.yaml.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key: search.patience=100. Repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run's name; its folder is RUNS/NAME.")] = None,
    address: Annotated[str, typer.Option(help="local, auto, or the HOST:PORT of a Ray cluster.")] = "local",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run, or extend it.")] = False,
    runs: Runs = _DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Train a panel (or reuse one), mine it for mistakes, and report."""
    settings = reading.read(MineConfig, config, override or ())
    path = _folder(config, name, resume, runs)
    job = Job(settings, RunStore(path), address, resume, debug)
    try:
        store = mine_run(job, console)
    except KeyboardInterrupt:
        _say_cut_off("mine", path, config, override or ())
        raise typer.Exit(_INTERRUPTED) from None
    console.print(table(summarise(OpenedRun(store))))
    _say_next(store)


@app.command()
def heal(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/heal-mnist.yaml.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key: heal.weight=2. Repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run's name; its folder is RUNS/NAME.")] = None,
    address: Annotated[str, typer.Option(help="local, auto, or the HOST:PORT of a Ray cluster.")] = "local",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run, or add rounds.")] = False,
    runs: Runs = _DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Train a panel on with its mistakes, mine it again, round after round, beside two controls."""
    settings = reading.read(HealConfig, config, override or ())
    path = _folder(config, name, resume, runs)
    try:
        summary = heal_run(HealJob(settings, HealStore(path), address, resume, debug), console)
    except KeyboardInterrupt:
        _say_cut_off("heal", path, config, override or ())
        raise typer.Exit(_INTERRUPTED) from None
    console.print(healing_table(summary))
    console.print(
        f"\nWritten to [b]{path}[/]: rounds/, mistakes/, weights/, summary.json, healing.png.",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def replay(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    search: Annotated[int | None, typer.Option("--search", help="One search_id; all if left out.")] = None,
    runs: Runs = _DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Rebuild mistakes from their parameters and check bytes, target and peers again."""
    opened = OpenedRun(_store(run, runs))
    opened.store.read_record()
    with bars(console) as progress:
        total = 1 if search is not None else opened.store.table("mistakes").num_rows
        bar = progress.add_task("replaying", total=total, details="")
        found = replay_mistakes(opened, search, lambda done: progress.update(bar, advance=done))
    refuted = [row for row in found if not row.confirmed]
    if refuted:
        raise OutvotedError(
            expected=f"{len(found)} mistakes that replay to the same pixels and votes",
            found=f"{len(refuted)} that do not: {', '.join(str(row) for row in refuted[:5])}",
            remedy="if no file was altered, this machine computes unlike the one that mined",
        )
    console.print(f"{len(found)} mistakes confirmed, all: equal bytes, target wrong, all peers right.")


@app.command("runs")
def list_runs(runs: Runs = _DEFAULT_RUNS, debug: Debug = False) -> None:
    """List runs, oldest first."""
    drawn = Table("run", "state", "begun", "data", "searches", "mistakes")
    for store, record in listed(runs):
        if not isinstance(record, RunRecord):
            drawn.add_row(store.path.name, "unreadable", "", "", "", "", style="dim")
            continue
        done = f"{len(store.done())} of {record.searches or '?'}"
        begun = f"{record.created_at.astimezone():%Y-%m-%d %H:%M}"
        data = record.data.name if record.data else ""
        mistakes = str(store.table("mistakes").num_rows)
        drawn.add_row(store.path.name, record.state, begun, data, done, mistakes)
    if drawn.row_count:
        console.print(drawn)
    else:
        console.print(f"No runs in {escape(str(runs))} yet: outvoted mine configs/mnist.yaml makes one.")


@app.command()
def doctor(runs: Runs = _DEFAULT_RUNS, debug: Debug = False) -> None:
    """Print versions, devices, and where data sets are found."""
    console.print(examine(runs))


def main() -> None:
    """Run the command line; a mistake of the user's ends in one message and exit code 2."""
    use_one_thread()  # as the actors do; this process only reads and draws
    try:
        app()
    except OutvotedError as error:
        if "--debug" in sys.argv:
            raise
        errors.print(f"[bold red]error[/]\n{escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(2)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        errors.print(f"[bold red]unexpected error[/]: {escape(repr(error))}", soft_wrap=True, highlight=False)
        errors.print("This is a bug. Run again with --debug for the traceback, and report it.")
        sys.exit(1)


def _store(run: Path, runs: Path) -> RunStore:
    return RunStore(run if (run / "run.json").exists() or not (runs / run).exists() else runs / run)


def _checked(name: str) -> str:
    if not name or name.startswith(".") or Path(name).name != name:
        raise OutvotedError(
            expected="a name for the run that is a plain folder name",
            found=f"--name '{name}'",
            remedy="leave out slashes and leading dots; choose the folder of runs with --runs",
        )
    return name


def _folder(config: Path, name: str | None, resume: bool, runs: Path) -> Path:
    """Return the folder of a run: as it is named, else the newest to go on with, or a new one."""
    if name is not None:
        return runs / _checked(name)
    return newest(runs, config.stem) if resume else runs / default_name(config)


def _say_cut_off(command: str, path: Path, config: Path, override: Sequence[str]) -> None:
    if not (path / "run.json").exists():
        return
    sets = "".join(f" --set {item}" for item in override)
    errors.print(
        f"\nCut off; what was mined is kept in {path}. Go on with:\n"
        f"  outvoted {command} {config}{sets} --runs {path.parent} --name {path.name} --resume",
        soft_wrap=True,
    )


def _say_next(store: RunStore) -> None:
    path = store.path
    look = f'import pandas; print(pandas.read_parquet("{path}/mistakes"))'
    console.print(
        f"\nWritten to [b]{path}[/]: searches/, mistakes/, peers/, summary.json, gallery/*.png. "
        "To try next:\n"
        f"  outvoted replay {path}\n"
        f"  tensorboard --logdir {path / 'tb'}\n"
        f"  python -c '{look}'",
        soft_wrap=True,
        highlight=False,
    )
