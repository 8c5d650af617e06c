"""Commands that look at a run again: its report, its mistakes rebuilt, the landscape around a seed."""

from pathlib import Path

from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.directions import Direction, two_directions
from outvoted.analysis.mining.replay import Replayed, replay
from outvoted.analysis.mining.surroundings import (
    Surroundings,
    climbs,
    grid,
    images,
    most_mistaken,
    surroundings,
    write,
)
from outvoted.analysis.mining.surroundings_report import around, draw_surroundings
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import class_names
from outvoted.analysis.report.numbers import PERCENT
from outvoted.analysis.report.page import page, write_page
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.console.terminal import bars, console, phase, say_written, to_report
from outvoted.cluster.jobs.kinds import check_offers, kind_of
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust


def write_report(path: Path, trust: Trust) -> None:
    """Write the report of a run, and print it.

    Raises:
        OutvotedError: the run has nothing to say yet, or a file is missing or damaged.
    """
    use_one_thread()
    opened = OpenedRun(RunFolder(path), trust)
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
    console.print(f"Written to {path} ({size:.1f} MB): open it in a browser.", soft_wrap=True)


def replay_run(path: Path, trust: Trust, search: int | None) -> None:
    """Rebuild the mistakes of a run, or those of one search, and say whether they are the same.

    Raises:
        OutvotedError: they are not, the run's networks or data are not those it was mined with, or no such
            search found a mistake.
    """
    use_one_thread()
    opened = OpenedRun(RunFolder(path), trust)
    record = opened.store.read_record()
    check_offers(record, "replay", "whose mistakes can be rebuilt")
    if not Shards(opened.store.path).mistakes():
        console.print(f"Nothing to replay: {record.name} has no mistakes yet.", soft_wrap=True)
        return
    with bars(console) as progress:
        total = 1 if search is not None else len(opened.mistakes)
        bar = progress.add_task("replaying", total=total, details="")
        found = replay(opened, search, lambda done: progress.update(bar, advance=done))
        progress.update(bar, total=len(found))
    refuted = [row for row in found if not row.confirmed]
    if refuted:
        raise OutvotedError(
            expected=f"{len(found)} mistakes that replay to the same pixels and votes",
            found=f"{len(refuted)} that do not: {', '.join(_told(row) for row in refuted[:5])}",
            remedy="if no file was altered, this machine computes differently from the one that mined them",
        )
    mistakes = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    console.print(f"{mistakes} confirmed: the same pixels, the target wrong, all its voters correct.")


def _told(row: Replayed) -> str:
    same = {"parameters": row.same_parameters, "pixels": row.same_pixels, "votes": row.outvoted}
    return f"search {row.search_id} (other {', '.join(name for name, is_so in same.items() if not is_so)})"


def draw_landscape(
    path: Path, trust: Trust, seed_id: int | None, along: tuple[str | None, str | None], points: int
) -> None:
    """Draw what each peer predicts around a seed of a run of `outvoted mine`.

    Args:
        seed_id: None for the seed with the most mistakes.
        along: names of two directions; None for the usual one.
        points: along each side.

    Raises:
        OutvotedError: it is another kind of run, or there is no such seed or direction.
    """
    use_one_thread()
    check_offers(RunFolder(path).read_record(), "landscape", "whose seeds can be moved")
    opened = OpenedRun(RunFolder(path), trust)
    directions = two_directions(opened.transform, *along)
    seed = most_mistaken(opened) if seed_id is None else seed_id
    with bars(console) as progress:
        bar = progress.add_task("voting", total=points**2, details="images")
        found = surroundings(
            opened, seed, directions, points, lambda more: progress.update(bar, advance=more)
        )
    votes = write(opened.store.path, found)
    _draw(opened, found, directions, votes.with_suffix(".png"))
    console.print(_shares(found))
    say_written(
        votes.parent,
        f"{votes.name}, {votes.stem}.png",
        to_report(opened.store.path, opened.trust),
    )


def _draw(run: OpenedRun, found: Surroundings, directions: tuple[Direction, Direction], path: Path) -> None:
    ways = climbs(run, found.seed_id, directions)
    corners = images(run, found.seed_id, grid(run.transform, directions, 3))
    label = class_names(run.record, run.data.classes)[found.label]
    title = around(found, ways, label)
    draw_surroundings(found, ways, corners, title, path)


def _shares(found: Surroundings) -> Table:
    x, y = found.names
    columns = Column("peer"), Column("wrong %", PERCENT), Column("wrong alone %", PERCENT)
    rows = [
        (name, 1 - float(correct.mean()), float(alone.mean()))
        for name, correct, alone in zip(found.networks, found.correct, found.outvoted, strict=True)
    ]
    title = f"seed {found.seed_id}, label {found.label}: {x} and {y}, share of the realism budget"
    return Table(title, columns, rows)
