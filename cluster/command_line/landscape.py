"""The command `outvoted landscape`."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.runs.store import RunStore
from outvoted.analysis.mining.directions import Direction, two_directions
from outvoted.analysis.mining.surroundings import (
    Surroundings,
    climbs,
    grid,
    images,
    most_mistaken,
    surroundings,
    write,
)
from outvoted.analysis.mining.surroundings_report import draw_surroundings
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import class_names
from outvoted.analysis.report.numbers import PERCENT
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.command_line.options import DEFAULT_RUNS, Debug, Runs, Trusted, run_store, trusted
from outvoted.cluster.console.bars import bars
from outvoted.cluster.console.terminal import console, say_written, to_report
from outvoted.cluster.jobs.kinds import check_offers
from outvoted.search.trust import Trust

_FEWEST, _MOST = 3, 401


def landscape(  # noqa: PLR0913  # each is an option
    run: Annotated[Path, typer.Argument(help="A run of `outvoted mine`: its folder, or its name.")],
    seed_id: Annotated[
        int | None, typer.Option(help="A training image by its place; left out, the one with most mistakes.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="A direction: say rotation, or translate_x_px.")] = None,
    y: Annotated[str | None, typer.Option(help="Another direction: say scale.")] = None,
    points: Annotated[
        int, typer.Option(min=_FEWEST, max=_MOST, help="Along each side; odd, to hold the seed.")
    ] = 41,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Draw what each peer answers around a seed, in two directions, with the climbs of its mistakes."""
    opened = _opened(run_store(run, runs), trusted(trust))
    directions = two_directions(opened.transform, x, y)
    seed = most_mistaken(opened) if seed_id is None else seed_id
    with bars(console) as progress:
        bar = progress.add_task("voting", total=points**2, details="images")
        found = surroundings(
            opened, seed, directions, points, lambda more: progress.update(bar, advance=more)
        )
    votes = write(opened.store.path, found)
    _draw(opened, found, directions, votes.with_suffix(".png"))
    console.print(_table(found))
    say_written(
        votes.parent,
        f"{votes.name}, {votes.stem}.png",
        to_report(opened.store.path, opened.trust),
    )


def _opened(store: RunStore, trust: Trust) -> OpenedRun:
    check_offers(store.read_record(), "landscape", "whose seeds can be moved")
    return OpenedRun(store, trust)


def _draw(run: OpenedRun, found: Surroundings, directions: tuple[Direction, Direction], path: Path) -> None:
    ways = climbs(run, found.seed_id, directions)
    corners = images(run, found.seed_id, grid(run.transform, directions, 3))
    label = class_names(run.record, run.data.classes)[found.label]
    title = f"seed {found.seed_id}, label {label}; {len(ways)} mistakes mined from it"
    draw_surroundings(found, ways, corners, title, path)


def _table(found: Surroundings) -> Table:
    x, y = found.names
    columns = Column("peer"), Column("wrong %", PERCENT), Column("wrong alone %", PERCENT)
    rows = [
        (name, 1 - float(correct.mean()), float(alone.mean()))
        for name, correct, alone in zip(found.networks, found.right, found.outvoted, strict=True)
    ]
    title = f"seed {found.seed_id}, label {found.label}: {x} and {y}, share of the realism budget"
    return Table(title, columns, rows)
