"""The application: routers and what stands before and behind them all."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from outvoted.cluster.service.api import (
    events,
    files,
    health,
    labels,
    metrics,
    mistake,
    mistakes,
    schemas,
    vote,
)
from outvoted.cluster.service.api import runs as api_runs
from outvoted.cluster.service.errors import REFUSAL, NotFoundError, of_request
from outvoted.cluster.service.guard import login
from outvoted.cluster.service.metrics import CountedAnswers, ServiceMetrics
from outvoted.cluster.service.pages import (
    assets,
    compare,
    gallery,
    label,
    one_mistake,
    run,
    runs,
    start,
    try_it,
    weaknesses,
)
from outvoted.cluster.service.pages.rendering import answer_to
from outvoted.cluster.service.service import Service
from outvoted.search.errors import OutvotedError

_API: Sequence[APIRouter] = (
    events.router,
    files.router,
    health.router,
    labels.router,
    metrics.router,
    mistakes.router,
    mistake.router,
    api_runs.router,
    schemas.router,
    vote.router,
)
_PAGES: Sequence[APIRouter] = (
    assets.router,
    login.router,
    compare.router,
    run.router,
    runs.router,
    label.router,
    start.router,
    try_it.router,
    gallery.router,
    one_mistake.router,
    weaknesses.router,
)

_NOTHING_THERE = (404, 405)
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {**REFUSAL, "description": "The request is refused; it says why"},
    503: {**REFUSAL, "description": "The cluster can't be reached"},
}


LABELLING = (labels.router,), (assets.router, login.router, label.router)
"""All that `outvoted label` serves: its part of the API, and its pages."""


def application(
    service: Service, api: Sequence[APIRouter] = _API, pages: Sequence[APIRouter] = _PAGES
) -> FastAPI:
    """Return the application that answers for a service."""
    app = FastAPI(
        title="Outvoted",
        version=version("outvoted"),
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.service = service
    app.state.metrics = ServiceMetrics(service)
    app.add_middleware(CountedAnswers, count=app.state.metrics.count)
    for router in api:
        app.include_router(router, prefix="/v1", responses=_REFUSALS)
    if metrics.router in api:
        app.include_router(metrics.router, include_in_schema=False)
    for router in pages:
        app.include_router(router, include_in_schema=False)
    app.add_exception_handler(OutvotedError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _not_served)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    service: Service = app.state.service
    service.watching.close()
    service.desks.close()
    service.browsed.close()
    await service.votes.close()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, OutvotedError)
    return answer_to(request, error)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _refused(request, of_request(error))


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path}"
    said = (
        NotFoundError("an address that is served here", asked, "begin at /")
        if error.status_code in _NOTHING_THERE
        else OutvotedError("a request that can be read", str(error.detail), "look at what was sent")
    )
    answer = await _refused(request, said)
    answer.status_code = error.status_code
    answer.headers.update(error.headers or {})
    return answer
