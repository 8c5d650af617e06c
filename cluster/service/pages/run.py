"""A run's page: how far it is, what it has found so far, and what can be done with it."""

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from outvoted.cluster.service.errors import NotFoundError, TooLargeError, status_of
from outvoted.cluster.service.looking import details, goes_on, summaries
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.pages.fields import as_yaml, flow
from outvoted.cluster.service.pages.known import figures_of
from outvoted.cluster.service.pages.live_reports import RESULTS
from outvoted.cluster.service.pages.presented import Presented
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.pages.words import count, path, percent
from outvoted.cluster.service.service import Here, Service
from outvoted.cluster.service.starting import changeable, extend, resume, stop
from outvoted.search.errors import OutvotedError

router = APIRouter()
Word = Annotated[str, Query(max_length=20)]
_TEMPLATES = {"live": "run_live.html", "results": "run_results.html", "about": "run_about.html"}
_DID = {
    "stop": "It was asked to stop: it ends within seconds, and what it has found is kept.",
    "resume": "It goes on as soon as the cluster has taken it up.",
    "extend": "It goes on with the new values as soon as the cluster has taken it up.",
}
_PICTURE = re.compile(r"[A-Za-z0-9_-][\w .-]*")
_MOST_BYTES = 32 << 20
_OTHERS = 100


@router.get("/runs/{name}")
def run(request: Request, service: Here, name: str, part: Word = "", did: Word = "") -> HTMLResponse:
    """Show a run; only a part of the page where that is what is asked for, again and again."""
    return _shown(request, service, name, part, said=_DID.get(did, ""))


@router.post("/runs/{name}/stop")
def stop_run(request: Request, service: Here, name: str) -> Response:
    """Stop a run, and show it."""
    return _done(request, service, name, "stop", lambda: stop(service, name))


@router.post("/runs/{name}/resume")
def resume_run(request: Request, service: Here, name: str) -> Response:
    """Go on with a run, and show it."""
    return _done(request, service, name, "resume", lambda: resume(service, name))


@router.get("/runs/{name}/extend")
def ask_extent(request: Request, service: Here, name: str) -> HTMLResponse:
    """Ask what is to be changed before a run goes on."""
    return _extent(request, service, name, {})


@router.post("/runs/{name}/extend")
async def extend_run(request: Request, service: Here, name: str) -> Response:
    """Go on with a run with other values, and show it."""
    async with request.form(max_files=0, max_fields=500) as sent:
        given = {
            key.removeprefix("set."): str(value).strip()
            for key, value in sent.items()
            if key.startswith("set.")
        }
    return await run_in_threadpool(_extended, request, service, name, given)


@router.get("/runs/{name}/pictures/{place:path}")
def picture(service: Here, name: str, place: str) -> Response:
    """Give a picture that the run has drawn."""
    content = _read_picture(run_folder(service, name), place)
    return Response(content, media_type="image/png", headers={"Cache-Control": "private, no-cache"})


def _shown(
    request: Request,
    service: Service,
    name: str,
    part: str = "",
    said: str = "",
    error: OutvotedError | None = None,
) -> HTMLResponse:
    found = details(service, name)
    going = goes_on(found.state)
    presented, fresh = _presented(service, name, going)
    others = (
        []
        if part in ("live", "results")
        else [one.name for one in summaries(service) if one.kind == found.kind and one.name != name]
    )
    return page(
        request,
        _TEMPLATES.get(part, "run.html"),
        200 if error is None else status_of(error),
        run=found,
        presented=presented,
        fresh=fresh,
        going=going,
        known=_known(service, name) if presented is None and not going else (),
        others=others[:_OTHERS],
        config="" if part else as_yaml(found.config),
        said=said,
        error=error,
    )


def _known(service: Service, name: str) -> list[tuple[str, str]]:
    """Return the figures that stand in `summary.json`, to be seen until the report is read."""
    figures = figures_of(run_folder(service, name))
    found = [(count(figures.mistakes), "high-value mistakes")] if figures.mistakes is not None else []
    shares = ((figures.validity, "of the mistakes are valid"), (figures.realistic, "of them are realistic"))
    return [*found, *((percent(share), what) for share, what in shares if share is not None)]


def _presented(service: Service, name: str, going: bool) -> tuple[Presented | None, bool]:
    """Return what the run has found so far, and whether that is all; nothing of one without a folder yet."""
    try:
        return RESULTS.of(service.settings.allow_code, run_folder(service, name), rest=going)
    except NotFoundError:
        return Presented(), False


def _done(request: Request, service: Service, name: str, what: str, do: Callable[[], object]) -> Response:
    try:
        do()
    except NotFoundError:
        raise
    except OutvotedError as error:
        return _shown(request, service, name, error=error)
    return RedirectResponse(f"{path('runs', name)}?did={what}", 303)


def _extent(
    request: Request,
    service: Service,
    name: str,
    given: Mapping[str, str],
    error: OutvotedError | None = None,
) -> HTMLResponse:
    found = details(service, name)
    values = {key: _written(value) for key, value in changeable(service, name).items()}
    status = 200 if error is None else status_of(error)
    return page(request, "extend.html", status, run=found, values=values, given=given, error=error)


def _extended(request: Request, service: Service, name: str, given: Mapping[str, str]) -> Response:
    known = {key: _written(value) for key, value in changeable(service, name).items()}
    changes = [f"{key}={value or 'null'}" for key, value in given.items() if value != known.get(key, value)]
    try:
        extend(service, name, changes)
    except NotFoundError:
        raise
    except OutvotedError as error:
        return _extent(request, service, name, given, error)
    return RedirectResponse(f"{path('runs', name)}?did=extend", 303)


def _written(value: Any) -> str:
    return "" if value is None else flow(value)


def _read_picture(folder: Path, place: str) -> bytes:
    """Read a PNG of a run's folder; no link on the way is followed.

    Raises:
        NotFoundError: there is none.
        TooLargeError: it is larger than any that a run draws.
    """
    steps = place.split("/")
    fits = len(steps) <= 4 and all(map(_PICTURE.fullmatch, steps)) and place.endswith(".png")
    if not fits or any((folder / Path(*steps[:depth])).is_symlink() for depth in range(1, len(steps))):
        raise _no_picture(place)
    try:
        descriptor = os.open(folder / place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _no_picture(place)
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _no_picture(place) from error
    if len(content) > _MOST_BYTES:
        raise TooLargeError(f"a picture of at most {_MOST_BYTES >> 20} MiB", "a larger file", "delete it")
    if not content.startswith(b"\x89PNG"):
        raise _no_picture(place)
    return content


def _no_picture(place: str) -> NotFoundError:
    return NotFoundError(
        "a picture that the run has drawn", place, "reload the page: it is drawn at the run's end"
    )
