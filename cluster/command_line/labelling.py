"""`outvoted label`: what people see in a run's images, said on a page or imported."""

import webbrowser
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from outvoted.actors.labelling.imported import import_labels
from outvoted.actors.labelling.labellers import checked
from outvoted.actors.networks.computing import use_one_thread
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.table import Column, Table
from outvoted.cluster.console.terminal import command, console, flag, phase, say_written, to_report
from outvoted.cluster.jobs.labelled import Labelled, labelled
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
    """Have the images of a run labelled: by people on a page, or by the rows of a CSV file.

    Raises:
        OutvotedError: it has none that people can look at, its labels are damaged, or the file's are none.
    """
    use_one_thread()
    found = _serve(path, trust, page) if file is None else _import(path, trust, file)
    console.print(_counts(found))
    say_written(
        found.store.path,
        "a file for each labeller",
        f"{command('outvoted', 'label', path, *flag(trust))}   # continue",
        to_report(path, trust),
    )


def _import(path: Path, trust: Trust, file: Path) -> Labelled:
    with phase(console, "opening the run"):
        found = labelled(OpenedRun(RunFolder(path), trust))
    with found.store.sole_writer():
        for name, fresh in import_labels(found.store, file).items():
            console.print(f"{name}: {fresh} new labels")
    return found


def _serve(path: Path, trust: Trust, page: PageOptions) -> Labelled:
    from outvoted.cluster.service.label_desks import read_run
    from outvoted.cluster.service.label_server import LabelServer, base_of, listen

    with phase(console, "opening the run"):
        server = LabelServer(path, partial(read_run, trust))
    try:
        found = server.desks.labelled(path)
        if page.labeller is not None:
            checked(page.labeller, found.store.names)
        with listen(page.port) as listening:
            url = server.link(base_of(listening), page.labeller)
            console.print(f"Label on {url}\nCtrl-C ends it; every label is saved at once.", soft_wrap=True)
            if page.browser:
                webbrowser.open(url)
            server.serve(listening)
    finally:
        server.close()
    return found


def _counts(found: Labelled) -> Table:
    every = len(found.task.sequence(""))
    of = f" of {every}" if found.recorded is None else ""
    rows = [(name, f"{len(given)}{of}") for name, given in found.store.answers().items()]
    return Table("labels so far", (Column("labeller"), Column("labelled")), rows)
