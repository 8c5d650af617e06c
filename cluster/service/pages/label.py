"""The pages for labelling: which run, and then one image after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from outvoted.actors.labelling.desk import check_keys
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.glancing import Glance
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.service.api.labels import folder_of
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here, Service

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
    listed = (glance for glance in service.glances.take() if _offers(glance.kind))
    return [_choice(service.runs, glance) for glance in islice(listed, _MOST)]


def _offers(kind: str) -> bool:
    return kind in KINDS and "label" in KINDS[kind].offers


def _choice(runs: Path, glance: Glance) -> LabelChoice:
    labels = RunFolder(runs / glance.name).labels
    what = "images" if glance.kind == "study" else "mistakes"
    return LabelChoice(glance.name, glance.name, what, len(list(labels.glob("[!.]*.csv"))))
