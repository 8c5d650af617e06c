"""A run's mistakes: pages of them, how many of each kind, each with its images, and downloads."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from outvoted.analysis.browsing.browsed import MOST_ROWS, BrowsedRun
from outvoted.analysis.browsing.counting import Facets, Weaknesses
from outvoted.analysis.browsing.filters import Judged, MistakeFilter
from outvoted.analysis.browsing.ordering import MistakeKey, Sort
from outvoted.analysis.browsing.rows import BRIEF, LISTED, MistakeRow
from outvoted.analysis.browsing.thumbnails import sprite
from outvoted.cluster.service.downloads import Download, Format, download, keys_of
from outvoted.cluster.service.guard.headers import attachment
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Here, Service

router = APIRouter(tags=["mistakes"])
PARQUET = "application/vnd.apache.parquet"
_Texts = Annotated[list[Annotated[str, Field(max_length=500)]], Query(max_length=100)]
_Numbers = Annotated[list[Annotated[int, Field(ge=-(2**31), lt=2**31)]], Query(max_length=100)]


class MistakePage(BaseModel):
    """Mistakes in an order.

    Attributes:
        total: how many the filter leaves.
        next: the cursor of the page that follows; null at the end.
        side: pixels along the side of a thumbnail.
        stamp: to be sent as ``v`` with what asks for images, which are then kept for good.
        measures: names of what the run's transforms are described by.
    """

    rows: list[MistakeRow]
    total: int
    next: str | None
    side: int
    stamp: str
    measures: list[str]


class ChosenMistakes(BaseModel):
    """Which mistakes are downloaded: those of ``ids``, or if there are none, those that ``filter`` leaves."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Annotated[str, Field(max_length=600)]], Field(max_length=100_000)] = []
    filter: Annotated[str, Field(max_length=20_000)] = ""
    """The query string of a page, as ``label=3&range=margin:0.5..``."""
    format: Format = "folder"


def asked(  # noqa: PLR0913 (the parameters of a query string)
    target: _Texts = [],  # noqa: B006 (FastAPI makes a new one for each request)
    label: _Numbers = [],  # noqa: B006
    predicted: _Numbers = [],  # noqa: B006
    valid: Annotated[list[Judged], Query(max_length=3)] = [],  # noqa: B006
    part: _Texts = [],  # noqa: B006
    strategy: _Texts = [],  # noqa: B006
    voters: _Numbers = [],  # noqa: B006
    seed: _Numbers = [],  # noqa: B006
    range: Annotated[_Texts, Query(description="NAME:LEAST..MOST")] = [],  # noqa: A002, B006
) -> MistakeFilter:
    """Read the filter of a request."""
    every: dict[str, Sequence[object]] = {
        **{"target": target, "label": label, "predicted": predicted, "valid": valid, "part": part},
        **{"strategy": strategy, "voters": voters, "seed": seed, "range": range},
    }
    return MistakeFilter.of_query([(name, str(value)) for name, some in every.items() for value in some])


Asked = Annotated[MistakeFilter, Depends(asked)]
PNG: Mapping[str, Any] = {"responses": {200: {"content": {"image/png": {}}}}, "response_class": Response}


def browsed(service: Service, name: str) -> BrowsedRun:
    """Return the mistakes of a run.

    Raises:
        NotFoundError: there is no such run.
        OutvotedError: it looks for no mistakes, or cannot be read.
    """
    return service.browsed.of(run_folder(service, name))


@router.get(
    "/runs/{name}/mistakes",
    response_model=MistakePage,
    responses={200: {"content": {PARQUET: {}}, "description": "A page, as JSON or as Parquet"}},
)
def mistakes(  # noqa: PLR0913
    request: Request,
    service: Here,
    name: str,
    one: Asked,
    sort: Annotated[str, Query(max_length=300)] = "search",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    skip: Annotated[int, Query(ge=0, le=10**9)] = 0,
    brief: bool = False,
    format: Literal["json", "parquet"] | None = None,  # noqa: A002
) -> Response:
    """List mistakes, a page at a time.

    `sort` names a number; with `-` before it the largest comes first. `cursor` is what the page before gave
    as `next`: following it shows every mistake once, whatever is recorded meanwhile. `brief` leaves null
    what a card doesn't show, which is quicker. With `format=parquet`,
    or where the request accepts Parquet alone, the rows come as they are recorded, images included; the
    cursor then stands in the header `X-Next-Cursor`.
    """
    run = browsed(service, name)
    page = run.page(one, Sort.of(sort), limit, cursor, skip, BRIEF if brief else LISTED)
    if format == "parquet" or (format is None and request.headers.get("accept") == PARQUET):
        rows = run.table([row.key for row in page.rows])
        header = {} if page.next is None else {"X-Next-Cursor": page.next}
        return Response(_parquet(rows), media_type=PARQUET, headers=header | attachment(f"{name}.parquet"))
    return json_of(
        {
            "rows": [row.model_dump() for row in page.rows],
            "total": page.total,
            "next": page.next,
            "side": run.side,
            "stamp": run.stamp,
            "measures": run.measures,
        }
    )


@router.get("/runs/{name}/mistakes/facets")
def facets(service: Here, name: str, one: Asked) -> Facets:
    """Count mistakes by each field of a filter, as all its other fields leave them."""
    return browsed(service, name).facets(one)


@router.get("/runs/{name}/mistakes/weaknesses")
def weaknesses(service: Here, name: str, one: Asked) -> Weaknesses:
    """Count which target takes which class for which, and under which changes of the image."""
    return browsed(service, name).weaknesses(one)


@router.get("/runs/{name}/mistakes/images", **PNG)
def images(
    request: Request,
    service: Here,
    name: str,
    id: Annotated[list[Annotated[str, Field(max_length=600)]], Query(min_length=1, max_length=200)],  # noqa: A002
    side: Annotated[int | None, Query(ge=4, le=128)] = None,
    v: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Return thumbnails of mistakes in one PNG, beside each other in squares of `side` pixels.

    With `v`, the `stamp` of a page, browsers keep it for good.
    """
    run = browsed(service, name)
    keys = [MistakeKey.of(text) for text in id]
    side = side or run.side
    tag = tag_of(run, [*id, str(side)])
    if known(request, tag):
        return Response(status_code=304, headers=kept(run, tag, v))
    return Response(sprite(run.images(keys), side), media_type="image/png", headers=kept(run, tag, v))


@router.post(
    "/runs/{name}/mistakes/download",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}, PARQUET: {}}}},
)
def download_mistakes(service: Here, name: str, wanted: ChosenMistakes) -> Response:
    """Send mistakes as `outvoted export` writes them: a folder of images in an archive, or a Parquet file."""
    run = browsed(service, name)
    one = MistakeFilter.of_query(parse_qsl(wanted.filter, max_num_fields=1000))
    return sent(download(run, name, keys_of(run, wanted.ids, one), wanted.format))


def sent(found: Download) -> Response:
    """Send a download, and remove it when it was sent."""
    return FileResponse(
        found.path,
        media_type=found.media,
        headers=attachment(found.name),
        background=BackgroundTask(found.room.cleanup),
    )


def json_of(values: Any) -> Response:
    """Write plain values; NaN and infinities become null."""
    return Response(to_json(values, inf_nan_mode="null"), media_type="application/json")


def tag_of(run: BrowsedRun, parts: Sequence[str]) -> str:
    """Name what never changes as long as the run is this one: an ETag."""
    text = "\n".join([run.stamp, *parts])
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def known(request: Request, tag: str) -> bool:
    """Return whether whoever asks has it already."""
    return tag in request.headers.get("if-none-match", "")


def kept(run: BrowsedRun, tag: str, v: str) -> dict[str, str]:
    """Return headers that have browsers keep an image: for good where the run's stamp was sent."""
    how = "private, max-age=31536000, immutable" if v == run.stamp else "private, no-cache"
    return {"ETag": tag, "Cache-Control": how}


def _parquet(rows: pa.Table) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
    return bytes(buffer.getvalue())
