"""Commands that look at a run again: the landscape around a seed, and people's labels of a study."""

import secrets
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.labelling.desk import Desk, Work
from outvoted.actors.labelling.imported import import_labels
from outvoted.actors.labelling.label_store import LabelStore, checked
from outvoted.actors.labelling.server import address, listen, serve
from outvoted.actors.runs.run_folder import RunFolder
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
from outvoted.analysis.studies.kinds import open_study
from outvoted.cluster.command_line.options import DEFAULT_RUNS, Debug, Runs, Trusted, run_store, trusted
from outvoted.cluster.console.terminal import bars, console, flag, phase, say_written, to_report
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.jobs.kinds import check_offers
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust

_FEWEST, _MOST = 3, 401


def landscape(  # noqa: PLR0913  # each is an option
    run: Annotated[Path, typer.Argument(help="A run of `outvoted mine`: its folder, or its name.")],
    seed_id: Annotated[
        int | None, typer.Option(help="Row of a training image; by default, the seed with the most mistakes.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="One direction, e.g. rotation or translate_x_px.")] = None,
    y: Annotated[str | None, typer.Option(help="Another direction, e.g. scale.")] = None,
    points: Annotated[
        int,
        typer.Option(min=_FEWEST, max=_MOST, help="Points along each side; an odd number includes the seed."),
    ] = 41,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Draw what each peer predicts around a seed, along two directions, and the climbs to mistakes."""
    opened = _opened_run(run_store(run, runs), trusted(trust))
    directions = two_directions(opened.transform, x, y)
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


def _opened_run(store: RunFolder, trust: Trust) -> OpenedRun:
    check_offers(store.read_record(), "landscape", "whose seeds can be moved")
    return OpenedRun(store, trust)


def _draw(run: OpenedRun, found: Surroundings, directions: tuple[Direction, Direction], path: Path) -> None:
    ways = climbs(run, found.seed_id, directions)
    corners = images(run, found.seed_id, grid(run.transform, directions, 3))
    label = class_names(run.record, run.data.classes)[found.label]
    title = f"seed {found.seed_id}, label {label}; {len(ways)} mistakes mined from it"
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


def label(  # noqa: PLR0913  # each is an option
    run: Annotated[Path, typer.Argument(help="A study's folder, or its name within RUNS.")],
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
    """Let people label a study's images on a page in the browser, or import their labels."""
    with phase(console, "opening the study"):
        work, store = _opened_study(OpenedRun(run_store(run, runs), trusted(trust)))
    with store.sole_writer():
        if file is not None:
            _import(store, file)
        else:
            _serve(Desk(work, store), store, labeller, port, browser)
    console.print(_counts(store))
    study = store.path.parent
    say_written(
        store.path,
        "a file for each labeller",
        f"{typed('outvoted', 'label', study, *flag(trusted(trust)))}   # go on",
        to_report(study, trusted(trust)),
    )


def _opened_study(run: OpenedRun) -> tuple[Work, LabelStore]:
    """Open what there is to label, and where labels go.

    Raises:
        OutvotedError: it is no study, its images are none to look at, or it has none yet.
    """
    check_offers(run.record, "label", "whose images people can look at")
    opened = open_study(run)
    data = opened.data
    if data.features is not None:
        raise OutvotedError(
            expected="a study of images, which people can look at",
            found=f"{run.store.path.name}, whose images are rows of the table {data.name}",
            remedy="label a study of pictures, such as one of boundaries or morphs",
        )
    images = len(opened.images)
    pictures = [image["bytes"] for image in opened.store.images()["image"].to_pylist()]
    classes = data.class_names or tuple(map(str, range(data.classes)))
    return Work(run.record.name, pictures, classes), LabelStore(
        opened.store.folder.labels, images, data.classes
    )


def _serve(desk: Desk, store: LabelStore, labeller: str | None, port: int, browser: bool) -> None:
    if labeller is not None:
        checked(labeller, store.names)
    store.read()  # what is wrong is said before anybody labels
    token = secrets.token_urlsafe(16)
    with listen(port) as listening:
        url = address(listening, token) + (f"?labeller={labeller}" if labeller else "")
        console.print(f"Label on {url}\nCtrl-C ends it; every label is saved at once.", soft_wrap=True)
        if browser:
            webbrowser.open(url)
        serve(desk, token, listening)


def _import(store: LabelStore, file: Path) -> None:
    for name, fresh in import_labels(store, file).items():
        console.print(f"{name}: {fresh} new labels")


def _counts(store: LabelStore) -> Table:
    labels = store.read()
    counted = zip(labels.names, labels.counts.tolist(), strict=True)
    rows = [(name, f"{count} of {store.images}") for name, count in counted]
    return Table("labels so far", (Column("labeller"), Column("labelled")), rows)
