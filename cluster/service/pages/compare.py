"""Two runs side by side: what they found, and which of their settings differ."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from outvoted.analysis.report.numbers import DASH
from outvoted.cluster.service.looking import details, goes_on, summaries
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.pages.fields import flow
from outvoted.cluster.service.pages.live_reports import RESULTS
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here
from outvoted.search.key_paths import differences

router = APIRouter()
Name = Annotated[str, Query(max_length=700)]
_MOST = 1000
_LONGEST = 400


@router.get("/compare")
def compare(
    request: Request,
    service: Here,
    a: Name = "",
    b: Name = "",
    run: Annotated[Sequence[str], Query(max_length=20)] = (),
    part: Name = "",
) -> HTMLResponse:
    """Show two runs side by side; where it isn't said which two, ask."""
    chosen = [name for name in (a, b, *run) if name]
    if len(chosen) != 2:
        names = [one.name for one in summaries(service)][:_MOST]
        return page(request, "compare_choice.html", names=names, chosen=chosen[:1])
    first, second = (details(service, name) for name in chosen)
    folders = [run_folder(service, name) for name in chosen]
    going = goes_on(first.state) or goes_on(second.state)
    presented, fresh = RESULTS.of(service.settings.allow_code, *folders, rest=going)
    return page(
        request,
        "compare_results.html" if part == "results" else "compare.html",
        runs=(first, second),
        presented=presented,
        fresh=fresh,
        going=going,
        differing=_differing(first.config, second.config),
    )


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the keys whose values differ, with both values."""
    return [(key, _at(first, key), _at(second, key)) for key in differences(first, second)]


def _at(config: Any, key: str) -> str:
    for step in key.split("."):
        config = config.get(step) if isinstance(config, Mapping) else None
    text = DASH if config is None else flow(config)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
