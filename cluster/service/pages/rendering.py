"""Pages from templates: those of this folder, which may use and extend those of reports."""

from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match

from outvoted.actors.runs.commands import command_of
from outvoted.analysis.report.templating import Templates
from outvoted.cluster.service.errors import BusyError, as_json, status_of
from outvoted.cluster.service.pages import words
from outvoted.cluster.service.pages.assets import address_of
from outvoted.search.errors import OutvotedError


@cache
def _templates() -> Templates:
    return Templates(
        "outvoted.cluster.service.pages",
        "outvoted.analysis.report",
        asset=address_of,
        command_of=command_of,
        ago=words.ago,
        count=words.count,
        percent=words.percent,
        rate=words.rate,
        path=words.path,
        served=served,
    )


def served(request: Request, address: str) -> bool:
    """Return whether the application has a page at an address: not every one has all of them."""
    scope = {"type": "http", "method": "GET", "path": address, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] == Match.FULL for route in request.app.router.routes)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; ``values`` are escaped. Every template has ``request`` too."""
    return HTMLResponse(_templates().rendered(template, request=request, **values), status)


def answer_to(request: Request, error: OutvotedError) -> Response:
    """Say what an error says: to programs as JSON, to people on a page."""
    is_program = request.url.path.startswith("/v1")
    answer: Response = (
        JSONResponse(as_json(error), status_of(error)) if is_program else error_page(request, error)
    )
    if isinstance(error, BusyError):
        answer.headers["Retry-After"] = str(error.after)
    return answer


def error_page(request: Request, error: OutvotedError) -> HTMLResponse:
    """Return the page that says what was expected, what was found and what to do."""
    return page(request, "error.html", status_of(error), error=error)
