"""Panels that vote on images of anyone, and move them as searches do."""

import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.datastructures import UploadFile

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.service.errors import TooLargeError
from outvoted.cluster.service.guard.limits import MOST_UPLOAD
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Here, Service
from outvoted.cluster.service.voting.answers import PanelAnswer, VoteReply, panel_answers, vote_reply
from outvoted.cluster.service.voting.received import ReceivedFile, received
from outvoted.cluster.service.voting.votes import (
    MOST_IMAGES,
    PanelFacts,
    PanelKey,
    RenderQuestion,
    VoteQuestion,
)
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms.dials import Dials
from outvoted.search.trust import EVERYTHING, NOTHING

router = APIRouter(tags=["votes"])
MOST_DIALS = 20_000
_FILES = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            **{kind: {"schema": _FILES} for kind in ("image/png", "image/jpeg", "application/octet-stream")},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"image": {"type": "array", "items": _FILES}}}
            },
        },
    }
}


class DialFacts(BaseModel):
    """A number from 0 to 1 that moves an image within the realism budget.

    Attributes:
        name: what it changes, as the run records it.
        words: the same for people, without the unit.
        unit: of what it measures.
        home: where it changes nothing.
        low, high: what it measures at 0 and at 1.
        steps: how many equal steps lead from 0 to 1; null if every number is another image.
    """

    name: str
    words: str
    unit: str
    home: float
    low: float
    high: float
    steps: int | None


class TransformFacts(BaseModel):
    """The transform of a run, and its dials in their order."""

    run: str
    kind: str
    dials: list[DialFacts]


class RenderRequest(BaseModel):
    """An image to be moved: a seed of the run by its number, or any PNG, JPEG or npy in base64."""

    model_config = ConfigDict(extra="forbid")

    seed: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None
    image: Annotated[str, Field(max_length=MOST_UPLOAD)] | None = None
    dials: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(max_length=MOST_DIALS)] = []


class RenderReply(BaseModel):
    """An image before and after it was moved, and what the panel says of both.

    Attributes:
        start, image: PNG in base64, at the size that the networks see.
        label: the seed's class; null of other images.
        fitted: whether the image had to be resized, or its colours converted.
        measures: what the transform measures, by name.
        before, after: the panel's answers for ``start`` and ``image``.
    """

    run: str
    peers: list[str]
    classes: list[str]
    shape: tuple[int, int, int]
    seeds: int
    start: str
    image: str
    label: int | None
    fitted: bool
    measures: dict[str, float]
    before: PanelAnswer
    after: PanelAnswer


@router.post("/vote", response_model=VoteReply, openapi_extra=_BODY)
async def vote(
    request: Request,
    service: Here,
    run: Annotated[str, Query(max_length=700)],
    referee: bool = True,
    realism: bool = False,
) -> Response:
    """Have the panel of a run vote on images.

    The body is one PNG, JPEG or npy file, or a form with several. An npy array holds any number of images,
    as `Panel.vote` takes them. Images of another size or other colours are made to fit, and the answer says
    so.
    """
    key = await run_in_threadpool(panel_key, service, run)
    facts = await service.votes.facts(key)
    files = [file async for file in _files(request)]
    images = await run_in_threadpool(received, files, facts)
    question = VoteQuestion(await run_in_threadpool(_stacked, images), referee, realism)
    answer = await service.votes.vote(key, question)
    return _json(await run_in_threadpool(vote_reply, run, facts, images, answer))


@router.get("/runs/{name}/transform")
def transform(service: Here, name: str) -> TransformFacts:
    """Say what the sliders of a run's transform are."""
    opened = OpenedRun(RunFolder(run_folder(service, name)), _trust(service))
    found = opened.transform
    dials = [
        DialFacts(
            name=dial.name,
            words=dial.words,
            unit=dial.unit,
            home=dial.home,
            low=dial.low,
            high=dial.high,
            steps=dial.steps,
        )
        for dial in Dials(found).all
    ]
    return TransformFacts(run=name, kind=str(getattr(found, "kind", "")), dials=dials)


@router.post("/runs/{name}/render", response_model=RenderReply)
async def render(service: Here, name: str, wanted: RenderRequest) -> Response:
    """Move an image with the transform of a run, and have the panel vote on it before and after."""
    _, reply = await rendered(service, name, wanted.seed, wanted.image, wanted.dials)
    return _json(reply)


async def rendered(
    service: Service, name: str, seed: int | None, image: str | None, dials: Sequence[float]
) -> tuple[PanelFacts, dict[str, Any]]:
    """Return what is known of a run's panel, and a :class:`RenderReply` as plain values.

    Args:
        seed, image: one of them, as in :class:`RenderRequest`.
    """
    key = await run_in_threadpool(panel_key, service, name)
    facts = await service.votes.facts(key)
    start, fitted = await run_in_threadpool(_start, seed, image, facts)
    found = await service.votes.render(key, RenderQuestion(start, tuple(dials)))
    before, after = panel_answers(found.answer)
    return facts, {
        "run": name,
        "peers": facts.names,
        "classes": facts.classes,
        "shape": facts.shape,
        "seeds": facts.seeds,
        "start": _png(found.start),
        "image": _png(found.image),
        "label": found.label,
        "fitted": fitted,
        "measures": found.measures,
        "before": before,
        "after": after,
    }


def panel_key(service: Service, name: str) -> PanelKey:
    """Return the panel of a run as it is now.

    Raises:
        NotFoundError: there is no such run.
        OutvotedError: it has not trained its panel yet.
    """
    folder = run_folder(service, name)
    record = RunFolder(folder).read_record()
    if record.panel_fingerprint is None:
        raise OutvotedError(
            expected=f"a run whose panel is trained in {name}",
            found=f"a run of `outvoted {record.command}` without one",
            remedy="wait until its networks are trained, or choose another run",
        )
    return PanelKey(folder.absolute(), record.panel_fingerprint, service.settings.allow_code)


def _trust(service: Service) -> Any:
    return EVERYTHING if service.settings.allow_code else NOTHING


async def _files(request: Request) -> AsyncIterator[ReceivedFile]:
    """Give the files of a request, as they are."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=MOST_IMAGES, max_fields=8) as form:
            for _, part in form.multi_items():
                if isinstance(part, UploadFile):
                    yield ReceivedFile(await part.read(), part.filename or None)
        return
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_UPLOAD:
            raise TooLargeError(
                expected=f"at most {MOST_UPLOAD:,} bytes in one request",
                found="more",
                remedy="resize the images, or send fewer at once",
            )
    if body:
        yield ReceivedFile(bytes(body))


def _start(seed: int | None, image: str | None, facts: PanelFacts) -> tuple[Pixels | int, bool]:
    """Return the image that is to be moved, or a seed's number, and whether it had to be fitted."""
    if (seed is None) == (image is None):
        raise OutvotedError(
            expected="either seed, the number of one, or image, a file in base64",
            found="both" if image is not None else "neither",
            remedy="leave one of them out" if image is not None else 'send {"seed": 0}',
        )
    if image is None:
        assert seed is not None
        return seed, False
    try:
        data = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise OutvotedError("a file in base64 as image", "other characters", "encode it in base64") from error
    images = received([ReceivedFile(data)], facts)
    if len(images) != 1:
        raise OutvotedError("one image to be moved", f"{len(images)}", "send them one by one")
    return images[0].pixels, images[0].fitted


def _stacked(images: Any) -> Pixels:
    return np.stack([one.pixels for one in images])


def _png(image: Pixels) -> str:
    return base64.b64encode(png.encode(image)).decode("ascii")


def _json(values: Any) -> Response:
    """Write plain values; NaN and infinities become null."""
    return Response(to_json(values, inf_nan_mode="null"), media_type="application/json")
