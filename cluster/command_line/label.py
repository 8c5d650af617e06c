"""The command `outvoted label`."""

import secrets
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from outvoted.actors.labelling.desk import Desk, Work
from outvoted.actors.labelling.imported import import_labels
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.names import checked
from outvoted.actors.labelling.server import address, listen, serve
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.cluster.command_line.options import DEFAULT_RUNS, Debug, Runs, Trusted, run_store, trusted
from outvoted.cluster.console.bars import phase
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.console.terminal import console, flag, say_written, to_report
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust


def label(  # noqa: PLR0913  # each is an option
    run: Annotated[Path, typer.Argument(help="A study's folder, or its name within RUNS.")],
    labeller: Annotated[
        str | None, typer.Option(help="Whose labels they are; the page asks if left out.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 0,
    browser: Annotated[bool, typer.Option(" /--no-browser", help="Only print the page's address.")] = True,
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
        work, store = _opened(run_store(run, runs).path, trusted(trust))
    with store.sole_writer():
        if file is not None:
            _import(store, file)
        else:
            _serve(Desk(work, store), store, labeller, port, browser)
    console.print(_table(store))
    study = store.path.parent
    say_written(
        store.path,
        "a file for each labeller",
        f"{typed('outvoted', 'label', study, *flag(trusted(trust)))}   # go on",
        to_report(study, trusted(trust)),
    )


def _opened(path: Path, trust: Trust) -> tuple[Work, LabelStore]:
    """Open what there is to label, and where labels go.

    Raises:
        OutvotedError: it is no study, its images are none to look at, or it has none yet.
    """
    opened = OpenedStudy(path, trust)
    data = opened.data
    if data.features is not None:
        raise OutvotedError(
            expected="a study of images, which people can look at",
            found=f"{path.name}, whose images are rows of the table {data.name}",
            remedy="label a study of pictures, such as one of boundaries or morphs",
        )
    images = len(opened.images)
    pictures = [image["bytes"] for image in opened.store.images()["image"].to_pylist()]
    classes = data.class_names or tuple(map(str, range(data.classes)))
    return Work(opened.record.name, pictures, classes), LabelStore(opened.store.labels, images, data.classes)


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


def _table(store: LabelStore) -> Table:
    labels = store.read()
    drawn = Table("labeller", "labelled")
    for name, count in zip(labels.names, labels.counts.tolist(), strict=True):
        drawn.add_row(name, f"{count} of {store.images}")
    return drawn
