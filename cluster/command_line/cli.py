"""The command line."""

import json
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.mining.replay import Replayed
from outvoted.analysis.mining.replay import replay as replay_mistakes
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.command_line import (
    compare_cli,
    heal_cli,
    label_cli,
    landscape_cli,
    listing,
    report_cli,
    scan_cli,
    study_cli,
    sweep_cli,
)
from outvoted.cluster.command_line.doctor import examine
from outvoted.cluster.command_line.options import (
    DEFAULT_RUNS,
    INTERRUPTED,
    Address,
    Debug,
    Name,
    Override,
    Resume,
    Runs,
    Trusted,
    console,
    errors,
    flag,
    resumable,
    run_folder,
    run_store,
    say_written,
    to_report,
    trusted,
)
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.bars import bars
from outvoted.cluster.console.ending import signals_heeded
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.console.terminal import say_aligned, tolerate_any_terminal
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import Job
from outvoted.cluster.jobs.mine.kind import mine as mine_run
from outvoted.cluster.ray.calls import refused
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust, named_by

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"outvoted {version('outvoted')}")
        raise typer.Exit


@app.callback()
def outvoted(
    say_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree."""


@app.command()
def mine(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/mnist.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Train a panel (or reuse one), mine it for mistakes, and report."""
    settings = reading.read(MineConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    job = Job(settings, RunStore(path), address, resume, debug)
    with resumable("mine", config, override, path, address):
        store = mine_run(job, console)
    report = mining_report(OpenedRun(store, named_by(settings)))
    report.show(console)
    _say_next(store, named_by(settings))
    report.check(f"all rows are kept in {path}")


app.command()(scan_cli.scan)
app.command("compare")(compare_cli.compare)
app.command()(heal_cli.heal)
app.command()(sweep_cli.sweep)
app.command()(study_cli.study)
app.command()(landscape_cli.landscape)
app.command()(label_cli.label)
app.command()(report_cli.report)


@app.command()
def replay(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    search: Annotated[int | None, typer.Option("--search", help="One search_id; all if left out.")] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Rebuild mistakes from their parameters and check bytes, target and peers again."""
    opened = OpenedRun(run_store(run, runs), trusted(trust))
    record = opened.store.read_record()
    if record.kind != "mine":
        raise OutvotedError(
            expected="a run of `outvoted mine`, whose mistakes can be rebuilt",
            found=f"{record.name}, a run of `outvoted {record.kind}`",
            remedy="choose another run: `outvoted runs` lists them",
        )
    if not opened.store.table("mistakes").num_rows:
        console.print(f"Nothing to replay: {record.name} has no mistakes so far.", soft_wrap=True)
        return
    with bars(console) as progress:
        total = 1 if search is not None else opened.mistakes.num_rows
        bar = progress.add_task("replaying", total=total, details="")
        found = replay_mistakes(opened, search, lambda done: progress.update(bar, advance=done))
        progress.update(bar, total=len(found))
    refuted = [row for row in found if not row.confirmed]
    if refuted:
        raise OutvotedError(
            expected=f"{len(found)} mistakes that replay to the same pixels and votes",
            found=f"{len(refuted)} that do not: {', '.join(_told(row) for row in refuted[:5])}",
            remedy="if no file was altered, this machine computes unlike the one that mined",
        )
    console.print(f"{len(found)} mistakes confirmed, all: equal bytes, target wrong, all peers right.")


@app.command("runs")
def list_runs(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """List runs, oldest first."""
    found = list(listing.rows(runs))
    if found:
        say_aligned([listing.HEAD, *found])
    else:
        console.print(f"No runs in {runs} yet: outvoted mine CONFIG.yaml makes one.", soft_wrap=True)


@app.command()
def doctor(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """Print versions, devices, and where data sets are found."""
    say_aligned(list(examine(runs)))


def main() -> None:
    """Run the command line; a mistake of the user's ends in one message and exit code 2."""
    tolerate_any_terminal()
    use_one_thread()  # as the actors do; this process only reads and draws
    try:
        with signals_heeded():
            app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        sys.exit(_told_end(error))


def _told_end(error: Exception) -> int:
    """Say what ended a command, and return its exit code."""
    message = refused(error)
    with suppress(OSError):  # nobody may be listening any more
        if message is not None:
            errors.print(Text("error", "bold red"))
            errors.print(str(message), soft_wrap=True)
        else:
            errors.print(f"unexpected error: {type(error).__name__}: {error}", soft_wrap=True)
            errors.print("This is a bug. Run again with --debug for the traceback, and report it.")
    return 1 if message is None else 2


def _told(row: Replayed) -> str:
    same = {"parameters": row.same_parameters, "pixels": row.same_pixels, "votes": row.outvoted}
    return f"search {row.search_id} (other {', '.join(name for name, is_so in same.items() if not is_so)})"


def _say_next(store: RunStore, trust: Trust) -> None:
    path = store.path
    look = f"import pandas; print(pandas.read_parquet({json.dumps(str(path / 'mistakes'))}))"
    say_written(
        path,
        "searches/, mistakes/, peers/, summary.json, gallery/*.png",
        to_report(path, trust),
        typed("outvoted", "replay", path, *flag(trust)),
        typed("tensorboard", "--logdir", path / "tb"),
        typed("python", "-c", look),
    )
