"""The first page: every run at a glance."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from outvoted.cluster.service.looking import RunSummary, summaries
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.pages.known import figures_of
from outvoted.cluster.service.pages.listing import RunsWanted, listing
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here, Service
from outvoted.search.errors import OutvotedError

router = APIRouter()
Short = Annotated[str, Query(max_length=200)]


@router.get("/")
def runs(
    request: Request,
    service: Here,
    q: Short = "",
    state: Short = "",
    sort: Short = "",
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    part: Short = "",
) -> HTMLResponse:
    """Show all runs; only the list itself where that is what is asked for, again and again."""
    every = summaries(service)
    found = listing(every, RunsWanted(q, state, sort, skip), lambda run: _valid(service, run))
    return page(request, "runs_list.html" if part == "list" else "runs.html", listing=found)


def _valid(service: Service, run: RunSummary) -> float | None:
    if run.state != "finished":
        return None
    try:
        return figures_of(run_folder(service, run.name)).validity
    except OutvotedError:
        return None
