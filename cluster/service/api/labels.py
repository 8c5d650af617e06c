"""Labels of people: what to look at next, what they say, and what comes of it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from outvoted.actors.labelling.desk import KEYS, Desk
from outvoted.actors.labelling.label_form import MISSING, WORDS
from outvoted.actors.labelling.label_store import labels_of
from outvoted.cluster.jobs.labelled import Labelled
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Here, Service
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

router = APIRouter(prefix="/runs/{name}/labels", tags=["labels"])
_SEEN = {"Cache-Control": "private, max-age=3600"}  # the next one is fetched ahead
Labeller = Annotated[str, Query(max_length=100, description="A labeller's name.")]
Item = Annotated[str, Field(pattern="^[0-9a-f]{24}$")]
Said = Annotated[int, Field(ge=0, le=len(KEYS), strict=True)] | Literal["none", "skipped"] | None


class LabellerCount(BaseModel):
    """How many images a labeller has answered."""

    name: str
    labelled: int


class LabelProgress(BaseModel):
    """How far everybody is."""

    what: str
    labellers: list[LabellerCount]


class LabelsSummary(LabelProgress):
    """What people have said so far.

    ``people`` is there for mistakes: validity, errors on untouched seeds, agreement with each other (Fleiss'
    kappa) and with the referee, as in ``summary.json``. ``kappa`` is there for a study's images that several
    people have labelled.
    """

    run: str
    people: dict[str, Any] | None = None
    kappa: tuple[float | None, float | None, float | None] | None = None


class ClassKey(BaseModel):
    """A class, and the key that stands for it."""

    key: str
    name: str


class LabelSheet(BaseModel):
    """What a labeller sees, in this order, and has answered: a class, "none", "skipped", or null.

    ``words`` are the answers that may be given besides a class.
    """

    run: str
    what: str
    classes: list[ClassKey]
    words: list[str]
    items: list[str]
    answers: list[int | str | None]


class NextItem(BaseModel):
    """The first image that has no answer yet; ``item`` is null where all have one."""

    item: str | None
    picture: str | None
    place: int
    of: int


class LabelGiven(Settings):
    """What a labeller says of an item; null takes the answer back."""

    labeller: Annotated[str, Field(max_length=100)]
    item: Item
    answer: Said


class LabelCount(BaseModel):
    """How many items of the labeller's sheet have an answer now."""

    labelled: int


class ImportedLabels(BaseModel):
    """How many labels are new, by labeller."""

    imported: dict[str, int]


def desk_of(service: Service, name: str) -> Desk[Any]:
    """Return the desk at which a run is labelled."""
    return service.desks.desk(folder_of(service, name))


def folder_of(service: Service, name: str) -> Path:
    """Return the folder of the run that is labelled under a name."""
    own = service.desks.named
    return run_folder(service, name) if own is None else own.get(name) or run_folder(service, "")


@router.get("")
def labels(name: str, service: Here) -> LabelsSummary:
    """Say what people have labelled, how well they agree, and what they make of the mistakes."""
    found = service.desks.labelled(folder_of(service, name))
    said = LabelsSummary(run=found.task.name, what=found.task.what, labellers=_counts(found))
    return said.model_copy(update=service.desks.measured(folder_of(service, name), _agreement))


def _counts(found: Labelled) -> list[LabellerCount]:
    return [LabellerCount(name=who, labelled=len(given)) for who, given in found.store.answers().items()]


def _agreement(found: Labelled) -> dict[str, Any]:
    from dataclasses import asdict

    from outvoted.analysis.mining.people import image_kappa, peoples_of, summarise_people

    if found.recorded is None:
        read = labels_of(found.store, len(found.task.sequence("")))
        return {"kappa": image_kappa(read.labels)}
    said = peoples_of(found.recorded.units, found.recorded.mistakes, found.store)
    return {"people": asdict(summarise_people(said)) if said.said.images else None}


@router.get("/progress")
def progress(name: str, service: Here) -> LabelProgress:
    """Say how many images each labeller has answered; nothing of what they said."""
    found = service.desks.labelled(folder_of(service, name))
    return LabelProgress(what=found.task.what, labellers=_counts(found))


@router.get("/sheet")
def sheet(name: str, labeller: Labeller, service: Here) -> LabelSheet:
    """Give what a labeller sees, in their own order, with their own answers and nobody else's."""
    desk = desk_of(service, name)
    found = desk.sheet(labeller, renew=True)
    named = zip(KEYS, desk.task.classes, strict=False)
    return LabelSheet(
        run=desk.task.name,
        what=desk.task.what,
        classes=[ClassKey(key=key, name=called) for key, called in named],
        words=list(desk.task.form.words),
        items=found.items,
        answers=[_as_said(label) for label in found.labels],
    )


def _as_said(label: int | None) -> int | str | None:
    return label if label is None or label >= 0 else {number: word for word, number in WORDS.items()}[label]


@router.get("/next")
def next_item(name: str, labeller: Labeller, service: Here, request: Request) -> NextItem:
    """Give the first image that a labeller has not answered."""
    found = desk_of(service, name).sheet(labeller)
    labels = found.labels
    if None not in labels:
        return NextItem(item=None, picture=None, place=len(labels), of=len(labels))
    place = labels.index(None)
    url = request.url_for("label_picture", name=name, item=found.items[place])
    return NextItem(
        item=found.items[place],
        picture=f"{url.path}?labeller={labeller}",
        place=place,
        of=len(labels),
    )


@router.get("/pictures/{item}", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def label_picture(name: str, item: str, labeller: Labeller, service: Here) -> Response:
    """Give the image of an item, as PNG."""
    return Response(desk_of(service, name).picture(labeller, item), media_type="image/png", headers=_SEEN)


@router.post("")
def label(name: str, given: LabelGiven, service: Here) -> LabelCount:
    """Record an answer: it is on disk on return. Again it changes nothing; another one corrects it."""
    desk = desk_of(service, name)
    return LabelCount(labelled=desk.put(given.labeller, given.item, _number(desk, given.answer)))


def _number(desk: Desk[Any], answer: int | str | None) -> int:
    words, classes = desk.task.form.words, len(desk.task.classes)
    if answer is None:
        return MISSING
    if isinstance(answer, str) and answer in words:
        return words[answer]
    if isinstance(answer, int) and answer < classes:
        return answer
    raise OutvotedError(
        expected=f"a class from 0 to {classes - 1}{''.join(f', {word!r}' for word in words)} or null",
        found=f"{answer!r}",
        remedy="choose one of them",
    )


@router.post("/import")
async def import_labels(name: str, request: Request, service: Here) -> ImportedLabels:
    """Add labels given elsewhere, all or none: CSV with labeller, label, and the columns of the image."""
    data = await request.body()
    desk = await run_in_threadpool(desk_of, service, name)
    return ImportedLabels(imported=await run_in_threadpool(desk.add, data, "what was sent"))
