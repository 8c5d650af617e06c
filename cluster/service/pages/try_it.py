"""The page on which one moves an image by hand and sees who is outvoted."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from outvoted.cluster.jobs.glancing import Glances
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.service.api.vote import MOST_DIALS, rendered, transform
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.service import Here, Service
from outvoted.cluster.service.voting.votes import PanelFacts

router = APIRouter()
_RUNNERS_UP = 2


@dataclass(frozen=True)
class ShownBallot:
    """What one network answers, ready to be shown.

    Attributes:
        answer: the name of the class; None where it failed.
        probability: of that class, 0 to 1.
        next: the classes that come after it, with their probabilities.
        before: what it answered before the image was moved, if that is something else.
    """

    name: str
    answer: str | None
    probability: float
    next: tuple[tuple[str, float], ...]
    outvoted: bool
    before: str | None


@router.get("/try")
async def try_it(
    request: Request,
    service: Here,
    run: Annotated[str | None, Query(max_length=700)] = None,
    seed: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    dial: Annotated[list[float] | None, Query(max_length=MOST_DIALS)] = None,
    show: bool = False,
) -> HTMLResponse:
    """Show the page of a run, the latest one if none is named.

    Args:
        show: answer on the page itself, for browsers without scripts; the script asks for answers.
    """
    names = await run_in_threadpool(_choices, service)
    chosen = run or (names[0] if names else None)
    if chosen is None:
        return page(request, "try_it.html", run=None, runs=names)
    facts = await run_in_threadpool(transform, service, chosen)
    values = dial if dial and len(dial) == len(facts.dials) else [one.home for one in facts.dials]
    reply = await rendered(service, chosen, seed, None, values) if show else None
    ballots = [] if reply is None else _ballots(*reply)
    return page(
        request,
        "try_it.html",
        run=chosen,
        runs=names if chosen in names else [chosen, *names],
        seed=seed,
        dials=list(zip(facts.dials, values, strict=True)),
        reply=None if reply is None else reply[1],
        verdict=None if reply is None else _verdict(*reply),
        realism=None if reply is None else _realism(*reply),
        ballots=ballots,
    )


def _verdict(facts: PanelFacts, reply: dict[str, Any]) -> str:
    """Say in one sentence who is outvoted."""
    after = reply["after"]
    if after["consensus"] is None:
        return "The panel is split: no class is what all networks, or all but one, answer."
    label = facts.classes[after["consensus"]]
    if reply["label"] not in (None, after["consensus"]):
        label += f", though it is labelled {facts.classes[reply['label']]}"
    if after["outvoted"] is None:
        return f"All {len(facts.names)} networks answer {label}: nobody is outvoted."
    place = after["outvoted"]
    answer = after["answers"][place]
    other = "has no answer" if answer is None else f"answers {facts.classes[answer]}"
    return f"{facts.names[place]} is outvoted: it {other}, all others answer {label}."


def _realism(facts: PanelFacts, reply: dict[str, Any]) -> str | None:
    after = reply["after"]
    if after["realism"] is None or math.isnan(after["realism"]):
        return None
    label = facts.classes[after["consensus"]]
    return (
        f"Realism {after['realism']:.2f}: the share of real images of {label} that lie farther from the "
        "others than this image does."
    )


def _ballots(facts: PanelFacts, reply: dict[str, Any]) -> list[ShownBallot]:
    after, before = reply["after"], reply["before"]
    found = []
    for place, name in enumerate(facts.names):
        order = sorted(enumerate(after["probabilities"][place]), key=lambda pair: -pair[1])
        named = [(facts.classes[label], probability) for label, probability in order]
        failed = after["answers"][place] is None
        was = before["answers"][place]
        found.append(
            ShownBallot(
                name,
                None if failed else named[0][0],
                0.0 if failed else named[0][1],
                () if failed else tuple(named[1 : 1 + _RUNNERS_UP]),
                after["outvoted"] == place,
                None if was in (None, after["answers"][place]) else facts.classes[was],
            )
        )
    return found


def _choices(service: Service) -> list[str]:
    """Return the runs whose panels can vote, those at work first, then the latest."""
    fit = {kind.name for kind in KINDS.values() if "Panel.load" in kind.offers}
    return [glance.name for glance in Glances(service.runs).take() if glance.kind in fit]
