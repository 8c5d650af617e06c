"""`outvoted label`: people's labels of a study's images, given on a page or imported."""

import secrets
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from outvoted.actors.labelling.desk import Desk, LabellingTask
from outvoted.actors.labelling.imported import import_labels
from outvoted.actors.labelling.label_store import LabelStore, checked
from outvoted.actors.labelling.server import address, listen, serve
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.table import Column, Table
from outvoted.analysis.studies.kinds import open_study
from outvoted.cluster.console.terminal import command, console, flag, phase, say_written, to_report
from outvoted.cluster.jobs.kinds import check_offers
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust


@dataclass(frozen=True)
class PageOptions:
    """How the page is served.

    Attributes:
        labeller: whose page it is; None if it asks.
        port: 0 for any free one.
        browser: whether to open it.
    """

    labeller: str | None
    port: int
    browser: bool


def have_labelled(path: Path, trust: Trust, page: PageOptions, file: Path | None) -> None:
    """Have the images of a study labelled: by people on a page, or by the rows of a CSV file.

    Raises:
        OutvotedError: it is not a study of images, its labels are damaged, or the file's are none.
    """
    use_one_thread()
    with phase(console, "opening the study"):
        work, store = _opened_study(OpenedRun(RunFolder(path), trust))
    with store.sole_writer():
        if file is not None:
            _import(store, file)
        else:
            _serve(Desk(work, store), store, page)
    console.print(_counts(store))
    study = store.path.parent
    say_written(
        store.path,
        "a file for each labeller",
        f"{command('outvoted', 'label', study, *flag(trust))}   # continue",
        to_report(study, trust),
    )


def _opened_study(run: OpenedRun) -> tuple[LabellingTask, LabelStore]:
    """Open what there is to label, and where labels go.

    Raises:
        OutvotedError: it is no study, its images cannot be looked at, or it has none yet.
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
    return LabellingTask(run.record.name, pictures, classes), LabelStore(
        opened.store.folder.labels, images, data.classes
    )


def _serve(desk: Desk, store: LabelStore, page: PageOptions) -> None:
    if page.labeller is not None:
        checked(page.labeller, store.names)
    store.read()  # what is wrong is reported before anybody labels
    token = secrets.token_urlsafe(16)
    with listen(page.port) as listening:
        url = address(listening, token) + (f"?labeller={page.labeller}" if page.labeller else "")
        console.print(f"Label on {url}\nCtrl-C ends it; every label is saved at once.", soft_wrap=True)
        if page.browser:
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
