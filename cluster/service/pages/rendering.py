"""Pages from templates: those of this folder, which may use and extend those of reports."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from outvoted.analysis.report.templating import Templates
from outvoted.cluster.service.errors import status_of
from outvoted.search.errors import OutvotedError

_TEMPLATES = Templates("outvoted.cluster.service.pages", "outvoted.analysis.report")


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; ``values`` are escaped. Every template has ``request`` too."""
    return HTMLResponse(_TEMPLATES.rendered(template, request=request, **values), status)


def error_page(request: Request, error: OutvotedError) -> HTMLResponse:
    """Return the page that says what was expected, what was found and what to do."""
    return page(request, "error.html", status_of(error), error=error)
