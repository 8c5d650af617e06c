"""One mistake of a run: all that is recorded, its images and climb, those like it, whether it replays."""

import io
from functools import lru_cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from outvoted.actors.runs import png
from outvoted.analysis.browsing.answers import RecordedAnswer, network_names, recorded_answers
from outvoted.analysis.browsing.browsed import MOST_ROWS, BrowsedRun
from outvoted.analysis.browsing.ordering import MistakeKey, Sort
from outvoted.analysis.browsing.rows import MistakeRow, finite
from outvoted.analysis.browsing.thumbnails import difference, enlarged
from outvoted.analysis.mining.replay import replayed
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.service.api.mistakes import PNG, Asked, browsed, json_of, kept, known, tag_of
from outvoted.cluster.service.errors import NotFoundError
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.scenes import check_rows, going_through, scene_of
from outvoted.cluster.service.service import Here, Service
from outvoted.search.arrays import Pixels
from outvoted.search.shown import shown

router = APIRouter(tags=["mistakes"])
_ONE = "/runs/{name}/mistakes/{search}/{number}"
_CLIMBS = 128  # drawings that are kept
_Scale = Annotated[int, Query(ge=1, le=16)]
_Stamp = Annotated[str, Query(max_length=64)]
_APART = ("move_parameters", "composed", "probabilities", "measures")


class MistakeDetail(BaseModel):
    """All that is recorded of a mistake but its images.

    Attributes:
        answers: of every network of the panel.
        dissents: the networks that are wrong: the target, and of those held out any that is.
        moves: the numbers of each accepted move, in order.
        composed: the composed transform.
        recorded: everything else, by the column of the table.
    """

    row: MistakeRow
    answers: list[RecordedAnswer]
    dissents: list[str]
    moves: list[dict[str, float | None]]
    composed: list[float | None]
    recorded: dict[str, Any]


class ReplayAnswer(BaseModel):
    """Whether a mistake comes out the same when it is made again, as `outvoted replay` says it."""

    confirmed: bool
    same_parameters: bool
    same_pixels: bool
    outvoted: bool


class SimilarMistakes(BaseModel):
    """Mistakes of the same target, label and wrong class, those with the nearest transform first."""

    rows: list[MistakeRow]


class NeighbourAnswer(BaseModel):
    """Where a mistake stands in an order, from 0, and those beside it; null: it is not among them."""

    place: int | None
    previous: str | None
    next: str | None


@router.get(_ONE, response_model=MistakeDetail)
def mistake(service: Here, name: str, search: str, number: str) -> Response:
    """Return all that is recorded of a mistake: every network's probabilities, moves and measures."""
    run, key = browsed(service, name), _key(search, number)
    recorded, row = run.one(key), next(iter(run.rows([key])), None)
    if recorded is None or row is None:
        raise _missing(name, search, number)
    answers = recorded_answers(recorded, network_names(run_folder(service, name)), run.classes)
    return json_of(
        {
            "row": row.model_dump(),
            "answers": [one.model_dump() for one in answers],
            "dissents": [one.network for one in answers if not one.correct],
            "moves": finite(recorded.get("move_parameters") or []),
            "composed": finite(recorded.get("composed") or []),
            "recorded": {column: value for column, value in recorded.items() if column not in _APART},
        }
    )


@router.get(f"{_ONE}/climb.png", **PNG)
def climb(request: Request, service: Here, name: str, search: str, number: str, v: _Stamp = "") -> Response:
    """Draw the search that found a mistake, move by move, and how sure every network is of the label."""
    run, key = browsed(service, name), _key(search, number)
    tag = tag_of(run, [str(key), "climb"])
    if known(request, tag):
        return Response(status_code=304, headers=kept(run, tag, v))
    scene = _scene(service, name, key)
    drawn = _drawn(run, scene, key)
    return Response(drawn, media_type="image/png", headers=kept(run, tag, v))


@router.get(f"{_ONE}/{{which}}.png", **PNG)
def picture(  # noqa: PLR0913
    request: Request,
    service: Here,
    name: str,
    search: str,
    number: str,
    which: Literal["image", "seed", "difference"],
    scale: _Scale = 1,
    v: _Stamp = "",
) -> Response:
    """Return the mistake, its seed, or the difference of both, each pixel `scale` pixels wide."""
    run, key = browsed(service, name), _key(search, number)
    tag = tag_of(run, [str(key), which, str(scale)])
    if known(request, tag):
        return Response(status_code=304, headers=kept(run, tag, v))
    if which == "difference":
        found = difference(_pixels(run, key, "image"), _pixels(run, key, "seed_image"))
    else:
        found = _pixels(run, key, "image" if which == "image" else "seed_image")
    return Response(enlarged(found, scale), media_type="image/png", headers=kept(run, tag, v))


@router.get(f"{_ONE}/similar")
def similar(
    service: Here,
    name: str,
    search: str,
    number: str,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 24,
) -> SimilarMistakes:
    """List mistakes of the same target, label and wrong class, those with the nearest transform first."""
    return SimilarMistakes(rows=list(browsed(service, name).similar(_key(search, number), limit)))


@router.get(f"{_ONE}/neighbours")
def neighbours(
    service: Here,
    name: str,
    search: str,
    number: str,
    one: Asked,
    sort: Annotated[str, Query(max_length=300)] = "search",
) -> NeighbourAnswer:
    """Say where a mistake stands among those that a filter leaves, and which stand beside it."""
    found = browsed(service, name).neighbours(_key(search, number), one, Sort.of(sort))
    before, after = (None if key is None else str(key) for key in (found.previous, found.next))
    return NeighbourAnswer(place=found.place, previous=before, next=after)


@router.post(f"{_ONE}/replay")
def replay(service: Here, name: str, search: str, number: str) -> ReplayAnswer:
    """Make the mistake again from its seed and moves: are parameters, pixels and votes the recorded ones?"""
    run, key = browsed(service, name), _key(search, number)
    rows = run.table([key])
    if not rows.num_rows:
        raise _missing(name, search, number)
    scene = _scene(service, name, key)
    with going_through():
        check_rows(scene, rows)
        found = replayed(scene, rows.to_pylist())[0]
    return ReplayAnswer(
        confirmed=found.confirmed,
        same_parameters=found.same_parameters,
        same_pixels=found.same_pixels,
        outvoted=found.outvoted,
    )


def _key(search: str, number: str) -> MistakeKey:
    return MistakeKey.of(f"{search}/{number}")


def _scene(service: Service, name: str, key: MistakeKey) -> OpenedRun:
    found = scene_of(service, name, key)
    if found is None:
        raise NotFoundError(
            expected="a mistake whose moves and networks the run has kept",
            found=f"one of {name}",
            remedy="choose a mistake of a run of `outvoted mine`, or of a part of a comparison",
        )
    return found


@lru_cache(maxsize=_CLIMBS)
def _drawn(run: BrowsedRun, scene: OpenedRun, key: MistakeKey) -> bytes:
    """Draw a climb; runs are told apart as they are opened."""
    from outvoted.analysis.mining.one_climb import climb_figure

    rows = run.table([key])
    if not rows.num_rows:
        raise _missing(str(scene.record.name), key.place, str(key.number))
    with going_through():
        check_rows(scene, rows)
        buffer = io.BytesIO()
        climb_figure(scene, rows.to_pylist()[0]).savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _pixels(run: BrowsedRun, key: MistakeKey, column: str) -> Pixels:
    found = run.images([key], column)[0]
    if found is None:
        raise NotFoundError(
            expected=f"the {column.replace('_', ' ')} of a mistake",
            found="none",
            remedy="choose one of the run's mistakes; images that a scan found have no seed",
        )
    return png.decode(found)


def _missing(name: str, search: str, number: str) -> NotFoundError:
    return NotFoundError(
        expected=f"a mistake of the run {name}",
        found=f"none of search {shown(search)} with number {shown(number)}",
        remedy="choose one of its mistakes",
    )
