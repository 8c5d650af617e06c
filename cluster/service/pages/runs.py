"""The first page: every run at a glance."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from outvoted.cluster.jobs.glancing import Glances
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here

router = APIRouter()


@router.get("/")
def runs(request: Request, service: Here) -> HTMLResponse:
    """Show all runs."""
    return page(request, "runs.html", runs=Glances(service.runs).take())
