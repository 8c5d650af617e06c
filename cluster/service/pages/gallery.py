"""The gallery of a run's mistakes: filtered, sorted, and as long as there are mistakes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from outvoted.analysis.browsing.rows import BRIEF
from outvoted.cluster.service.api.mistakes import browsed, sent
from outvoted.cluster.service.downloads import Format, download, keys_of
from outvoted.cluster.service.pages.asked import MistakesAsked
from outvoted.cluster.service.pages.cards import cards, photos
from outvoted.cluster.service.pages.choices import choices
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.pages.words import count, path
from outvoted.cluster.service.service import Here
from outvoted.search.errors import OutvotedError

router = APIRouter()
_CARDS = 60  # of a page without scripts; with them it goes on


@router.get("/runs/{name}/mistakes")
def gallery(request: Request, service: Here, name: str) -> HTMLResponse:
    """Show mistakes of a run."""
    run = browsed(service, name)
    asked = MistakesAsked.of(request, name)
    facets = run.facets(asked.filter)
    first = asked.at if asked.at < facets.total else 0
    found = run.page(asked.filter, asked.sort, limit=_CARDS, skip=first, columns=BRIEF)
    after = first + _CARDS
    return page(
        request,
        "mistakes.html",
        name=name,
        filters=choices(asked, facets, run.measures, "mistakes"),
        found=_found(facets.total, asked),
        total=facets.total,
        photos=photos(run),
        cards=cards(asked, found.rows, run, first),
        api=path("v1", "runs", name, "mistakes"),
        pairs=asked.pairs,
        query=asked.query,
        download=asked.address("mistakes", "download"),
        at=first,
        before=asked.address(at=max(0, first - _CARDS)) if first else None,
        after=asked.address(at=after) if after < facets.total else None,
    )


@router.post("/runs/{name}/mistakes/download")
def selected(
    request: Request,
    service: Here,
    name: str,
    to: Annotated[Format, Form()],
    which: Annotated[Literal["ticked", "all"], Form()] = "ticked",
    key: Annotated[list[str], Form()] = [],  # noqa: B006 (FastAPI makes a new one for each request)
) -> Response:
    """Send the ticked mistakes, or all that the address's filter leaves."""
    run, one = browsed(service, name), MistakesAsked.of(request, name).filter
    ids = [word for text in key for word in text.split()]
    if which == "ticked" and not ids:
        raise OutvotedError("at least one ticked mistake", "none", "tick some, or choose all that are listed")
    return sent(download(run, name, keys_of(run, ids if which == "ticked" else (), one), to))


def _found(total: int, asked: MistakesAsked) -> str:
    if not total:
        return "No mistake fits all filters." if asked.filter.query() else "No mistakes yet."
    return f"{count(total)} mistake{'' if total == 1 else 's'}"
