"""The command line."""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.computing import use_one_thread
from outvoted.analysis.mining.replay import Replayed
from outvoted.analysis.mining.replay import replay as replay_mistakes
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import page, write_page
from outvoted.cluster.command_line import listing
from outvoted.cluster.command_line.looking import label, landscape
from outvoted.cluster.command_line.options import (
    DEFAULT_RUNS,
    Debug,
    Runs,
    Trusted,
    launched,
    run_store,
    trusted,
)
from outvoted.cluster.console.ending import INTERRUPTED, signals_heeded
from outvoted.cluster.console.terminal import bars, console, errors, phase, say_aligned, tolerate_any_terminal
from outvoted.cluster.jobs.kinds import KINDS, check_offers, kind_of
from outvoted.cluster.ray.calls import refused
from outvoted.search.errors import OutvotedError

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


for kind in KINDS.values():
    app.command(kind.name)(launched(kind))
app.command()(landscape)
app.command()(label)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write a run's `report.html`, tables and pictures from what it has recorded so far."""
    opened = OpenedRun(run_store(run, runs), trusted(trust))
    with phase(console, "drawing the report"):
        found = kind_of(opened.record).report(opened)
        found.write(opened.store.path)
    path = opened.store.path / "report.html"
    with bars(console) as progress:
        bar = progress.add_task("page", total=None, details="images voted on again")
        shown = page(opened.record, found, lambda done, of: progress.update(bar, completed=done, total=of))
        progress.update(bar, visible=progress.tasks[0].total is not None)
    with phase(console, "writing the page"):
        write_page(shown, path)
    found.show(console)
    size = path.stat().st_size / 1e6
    console.print(f"\nWritten to {path} ({size:.1f} MB): open it in a browser.", soft_wrap=True)


@app.command()
def replay(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    search: Annotated[
        int | None, typer.Option("--search", help="Only the search with this search_id.")
    ] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Rebuild mistakes from their parameters; check pixels, the target and its peers again."""
    opened = OpenedRun(run_store(run, runs), trusted(trust))
    record = opened.store.read_record()
    check_offers(record, "replay", "whose mistakes can be rebuilt")
    if not Shards(opened.store.path).table("mistakes").num_rows:
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
            remedy="if no file was altered, this machine computes differently from the one that mined",
        )
    mistakes = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    console.print(f"{mistakes} confirmed: the same pixels, the target wrong, all its voters correct.")


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
    say_aligned(list(listing.machine(runs)))


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
