"""Commands on runs that are in a folder: reading, looking, labelling, exporting."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.cluster.command_line.options import DEFAULT_RUNS, Debug, OfRun, Runs, Trusted, run_path, trusted
from outvoted.cluster.console.ending import nothing_started

commands = typer.Typer()


@commands.command()
def report(run: OfRun, trust: Trusted = False, runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """Write a run's `report.html`, tables and pictures from what it has recorded so far."""
    from outvoted.cluster.command_line.looking import write_report
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        write_report(path, trusted(trust))


@commands.command()
def export(  # noqa: PLR0913  # each is an option
    run: OfRun,
    to: Annotated[str, typer.Option(help="folder, npz, hf, parquet, fiftyone or cvat.")] = "folder",
    out: Annotated[
        Path | None, typer.Option(help="The file or folder to write; by default RUN-mistakes… here.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Only mistakes of this network.")] = None,
    label: Annotated[str | None, typer.Option(help="Only of this class: its name or number.")] = None,
    valid: Annotated[bool, typer.Option("--valid", help="Only those that the referee confirms.")] = False,
    people: Annotated[
        bool, typer.Option("--people", help="Only those that people labelled, and whose label most see.")
    ] = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write a run's mistakes and their labels as other programs read them, ready to train on or to check."""
    from outvoted.cluster.command_line.exporting import export_mistakes
    from outvoted.cluster.command_line.opening import opened_run
    from outvoted.cluster.export.mined import ExportChoice

    with opened_run(run_path(run, runs)) as path:
        export_mistakes(path, to, out, ExportChoice(target, label, valid, people))


@commands.command()
def replay(
    run: OfRun,
    search: Annotated[
        int | None, typer.Option("--search", help="Only the search with this search_id.")
    ] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Rebuild mistakes from their parameters; check pixels, the target and its peers again."""
    from outvoted.cluster.command_line.looking import replay_run
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        replay_run(path, trusted(trust), search)


@commands.command()
def landscape(  # noqa: PLR0913  # each is an option
    run: OfRun,
    seed_id: Annotated[
        int | None, typer.Option(help="Row of a training image; by default, the seed with the most mistakes.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="One direction, e.g. rotation or translate_x_px.")] = None,
    y: Annotated[str | None, typer.Option(help="Another direction, e.g. scale.")] = None,
    points: Annotated[
        int, typer.Option(min=3, max=401, help="Points along each side; an odd number includes the seed.")
    ] = 41,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Draw what each peer predicts around a seed, along two directions, and the climbs to mistakes."""
    from outvoted.cluster.command_line.looking import draw_landscape
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        draw_landscape(path, trusted(trust), seed_id, (x, y), points)


@commands.command()
def label(  # noqa: PLR0913  # each is an option
    run: OfRun,
    labeller: Annotated[
        str | None, typer.Option(help="The labeller's name; by default, the page asks.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 0,
    browser: Annotated[
        bool, typer.Option(" /--no-browser", help="Only print the page's address.", show_default=False)
    ] = True,
    file: Annotated[
        Path | None,
        typer.Option("--import", help="A CSV file with image, labeller, label; no page is served."),
    ] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Let people label a study's images, or a run's mistakes, on a page in the browser; or import labels."""
    from outvoted.cluster.command_line.labelling import PageOptions, have_labelled
    from outvoted.cluster.command_line.opening import opened_run

    page = PageOptions(labeller, port, browser)
    with opened_run(run_path(run, runs)) as path:
        have_labelled(path, trusted(trust), page, file)


@commands.command("runs")
def list_runs(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """List runs, oldest first."""
    from outvoted.cluster.command_line.listing import say_runs

    say_runs(runs)


@commands.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print the table and end.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = 2.0,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Follow all runs: how far each is, how fast, what it found, and what is wrong. Ctrl-C ends it."""
    with nothing_started():
        from outvoted.cluster.command_line.top import watch_runs
    watch_runs(runs, once, every)
