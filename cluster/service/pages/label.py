"""The pages for labelling: which run, and then one image after another."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from outvoted.actors.labelling.desk import check_keys
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.service.api.labels import folder_of
from outvoted.cluster.service.named import name_of
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here, Service
from outvoted.search.errors import OutvotedError

router = APIRouter()
_MOST = 500  # runs that are listed


@dataclass(frozen=True)
class LabelChoice:
    """A run whose images people can label.

    Attributes:
        address: its name in URLs.
        what: there is to label: images or mistakes.
        labellers: how many have labelled.
    """

    address: str
    name: str
    what: str
    labellers: int = 0


@router.get("/label")
def choose(request: Request, service: Here) -> HTMLResponse:
    """Ask which run is to be labelled."""
    return page(request, "label_runs.html", runs=_choices(service))


@router.get("/label/{name}")
def label_page(name: str, request: Request, service: Here) -> HTMLResponse:
    """Give the page on which a run's images are labelled; its script shows one after another."""
    task = service.desks.labelled(folder_of(service, name)).task
    check_keys(task)
    return page(request, "label.html", name=name, run=task.name, what=task.what)


def _choices(service: Service) -> Sequence[LabelChoice]:
    if service.desks.named is not None:
        tasks = {name: service.desks.labelled(path).task for name, path in service.desks.named.items()}
        return [LabelChoice(name, task.name, task.what) for name, task in tasks.items()]
    files = sorted(service.runs.glob("*/run.json"), key=lambda file: -file.stat().st_mtime)
    found = []
    for file in files[:_MOST]:
        try:
            record = RunFolder(file.parent).glance()
        except OutvotedError:
            continue  # no run of ours; the list of runs says so
        if record.kind in KINDS and "label" in KINDS[record.kind].offers:
            labellers = len(list((file.parent / "labels").glob("[!.]*.csv")))
            what = "images" if record.kind == "study" else "mistakes"
            found.append(LabelChoice(name_of(service, file.parent), record.name, what, labellers))
    return found
