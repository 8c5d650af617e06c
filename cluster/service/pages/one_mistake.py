"""The page of one mistake: image and seed, every network's answer, the climb, and what is like it."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from outvoted.analysis.browsing.answers import network_names
from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.filters import MistakeFilter
from outvoted.analysis.browsing.ordering import MistakeKey
from outvoted.analysis.mining.replay import Replayed, replayed
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.service.api.mistakes import browsed
from outvoted.cluster.service.errors import NotFoundError
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.pages.asked import MistakesAsked
from outvoted.cluster.service.pages.cards import cards, photos
from outvoted.cluster.service.pages.climbs import ShownClimb, climb_of
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.pages.told import RunNames, ShownAnswer, ToldMoves, ballots, facts, moves
from outvoted.cluster.service.pages.words import path
from outvoted.cluster.service.scenes import check_rows, going_through, scene_of
from outvoted.cluster.service.service import Here, Service
from outvoted.search.shown import shown

router = APIRouter()
_ALIKE = 12


@dataclass(frozen=True)
class OpenedMistake:
    """One mistake of a run, looked up; ``scene`` is None where it cannot be gone through again."""

    service: Service
    asked: MistakesAsked
    run: BrowsedRun
    key: MistakeKey
    row: Mapping[str, Any]
    scene: OpenedRun | None

    @property
    def address(self) -> str:
        """The page's, without what is asked."""
        return path("runs", self.asked.run, "mistakes", self.key.place, str(self.key.number))

    @property
    def told(self) -> RunNames:
        """How the run's networks and classes are called, as far as is known."""
        return RunNames(network_names(run_folder(self.service, self.asked.run)), self.run.classes)

    def climb(self) -> ShownClimb:
        """Go through the climb again.

        Raises:
            NotFoundError: it cannot be gone through.
            BusyError: too many are gone through already.
            OutvotedError: the run's data or networks are missing, or not those it was made with.
        """
        with self._checked() as scene:
            return climb_of(scene, self.row, self.told)

    def replay(self) -> Replayed:
        """Rebuild the mistake; errors are those of :meth:`climb`."""
        with self._checked() as scene:
            return replayed(scene, self.run.table([self.key]).to_pylist())[0]

    @contextmanager
    def _checked(self) -> Iterator[OpenedRun]:
        if self.scene is None:
            raise NotFoundError(
                expected="a mistake whose moves and networks the run has kept",
                found=f"one of {self.asked.run}",
                remedy="choose a mistake of a run of `outvoted mine`, or of a part of a comparison",
            )
        with going_through():
            check_rows(self.scene, self.run.table([self.key]))
            yield self.scene


@router.get("/runs/{name}/mistakes/{search}/{number}")
def mistake(request: Request, service: Here, name: str, search: str, number: str) -> HTMLResponse:
    """Show one mistake; its climb too where ``climb`` is in the query, for browsers without scripts."""
    found = _opened(request, service, name, search, number)
    wanted = found.scene is not None and "climb" in request.query_params
    return _page(request, found, climb=found.climb() if wanted else None)


@router.get("/runs/{name}/mistakes/{search}/{number}/climb")
def climb(request: Request, service: Here, name: str, search: str, number: str) -> HTMLResponse:
    """Show the climb alone: a part of the page that a script fetches."""
    found = _opened(request, service, name, search, number)
    shown_climb = found.climb()
    last = len(shown_climb.frames) - 1
    return page(
        request, "climb.html", climb=shown_climb, here=found.address, query=found.asked.query, step=last
    )


@router.post("/runs/{name}/mistakes/{search}/{number}/replay")
def replay(request: Request, service: Here, name: str, search: str, number: str) -> HTMLResponse:
    """Rebuild the mistake, and say whether it comes out the same."""
    found = _opened(request, service, name, search, number)
    return _page(request, found, replay=_replay_said(found.replay()))


def _opened(request: Request, service: Service, name: str, search: str, number: str) -> OpenedMistake:
    run, asked, key = (
        browsed(service, name),
        MistakesAsked.of(request, name),
        MistakeKey.of(f"{search}/{number}"),
    )
    row = run.one(key)
    if row is None:
        raise NotFoundError(
            expected=f"a mistake of the run {name}",
            found=f"none of search {shown(search)} with number {shown(number)}",
            remedy="choose one of its mistakes",
        )
    return OpenedMistake(service, asked, run, key, row, scene_of(service, name, key))


def _page(
    request: Request,
    found: OpenedMistake,
    climb: ShownClimb | None = None,
    replay: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    name, key, asked = found.asked.run, found.key, found.asked
    beside = found.run.neighbours(key, asked.filter, asked.sort)
    total = found.run.count(asked.filter)
    alike = [row for row in found.run.similar(key, _ALIKE + 1) if row.key != key][:_ALIKE]
    one, seed = describe(found), found.row.get("seed_id")
    return page(
        request,
        "mistake.html",
        name=name,
        shown=one,
        photos=photos(found.run),
        here=found.address,
        images=path("v1", "runs", name, "mistakes", key.place, str(key.number)),
        query=asked.query,
        back=asked.address(at=beside.place or 0),
        before=_beside(asked, beside.previous),
        after=_beside(asked, beside.next),
        place_said="" if beside.place is None else f"{beside.place + 1:,} of {total:,}",
        tried=None if seed is None else f"/try?run={name}&seed={seed}",
        labelled=path("label", name),
        replays=found.scene is not None,
        replayed=replay,
        climb=climb,
        similar=cards(asked, alike, found.run),
        all_like=_alike(found).address(),
        step=_step(request, climb),
    )


def _alike(found: OpenedMistake) -> MistakesAsked:
    row = found.row
    same = MistakeFilter(target=(row["target_name"],), label=(row["label"],), predicted=(row["predicted"],))
    return replace(found.asked, filter=same)


def _step(request: Request, climb: ShownClimb | None) -> int:
    """Return which frame is shown large."""
    wanted = request.query_params.get("step", "")
    last = 0 if climb is None else len(climb.frames) - 1
    return min(int(wanted), last) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else last


def _beside(asked: MistakesAsked, key: MistakeKey | None) -> str | None:
    return None if key is None else asked.address("mistakes", key.place, str(key.number))


@dataclass(frozen=True)
class Described:
    """A mistake as its page tells it."""

    title: str
    said: str
    lead: str
    label: str
    predicted: str
    target: str
    votes: Sequence[ShownAnswer]
    facts: Sequence[tuple[str, str]]
    moves: ToldMoves
    files: Sequence[str]
    file: str
    key: str
    command: str


def describe(found: OpenedMistake) -> Described:
    """Say what is recorded of a mistake."""
    row, told, key = found.row, found.told, found.key
    label, predicted = told.class_(int(row["label"])), told.class_(int(row["predicted"]))
    folder = str(run_folder(found.service, found.asked.run) / key.part)
    mined = row.get("move_parameters") is not None
    return Described(
        title=f"{label} → {predicted}",
        said=f"{row['target_name']} says {predicted}",
        lead=f"{row['target_name']} answers {predicted}; those that vote against it answer {label}.",
        label=label,
        predicted=predicted,
        target=row["target_name"],
        votes=ballots(row, told),
        facts=facts(row, told),
        moves=moves(row),
        files=("seed.png", "difference.png") if mined else (),
        file=f"{found.asked.run}-{key.place}-{key.number}-{row['label']}-as-{row['predicted']}.png",
        key=str(key),
        command=shlex.join(("outvoted", "replay", folder, "--search", str(key.search))),
    )


def _replay_said(found: Replayed) -> dict[str, Any]:
    said = (
        "Confirmed: rebuilt from its moves, it is the same image, and the networks answer as recorded."
        if found.confirmed
        else "It did not come out the same. If no file was altered, this machine computes differently from "
        "the one that mined it."
    )
    checks = [
        ("the moves compose to the recorded transform", found.same_parameters),
        ("the pixels are the stored ones", found.same_pixels),
        ("the target is wrong, all its voters correct", found.outvoted),
    ]
    return {"said": said, "checks": checks}
