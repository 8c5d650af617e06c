"""A run as it goes on, as server-sent events."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from outvoted.cluster.service.looking import goes_on, summary
from outvoted.cluster.service.service import Here
from outvoted.cluster.service.watching import ENDED, Told

router = APIRouter(prefix="/runs", tags=["runs"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}},
    204: {"description": "It has ended, and whoever asks was told."},
}


@router.get("/{name}/events", response_class=StreamingResponse, responses=_ANSWERS)
async def events(
    service: Here, name: str, last_event_id: Annotated[str | None, Header(max_length=300)] = None
) -> Response:
    """Tell of a run until it has ended.

    Events: `run` (all that `GET /v1/runs/{name}` says but its configuration, at first and where it changes),
    `line` (what it prints and how far its tasks are, from the beginning or after Last-Event-ID), `mistakes`
    (how many, and the last recorded), `end` (its state and exit code). Whoever has been told of the end and
    asks again gets 204.
    """
    seen = await run_in_threadpool(summary, service, name)
    if last_event_id == f"{seen.job}:{ENDED}" and not goes_on(seen.state):
        return Response(status_code=204)
    stream = service.watching.stream(name, last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_written(stream), media_type="text/event-stream", headers=headers)


async def _written(stream: AsyncGenerator[Told | None, None]) -> AsyncIterator[bytes]:
    yield KEEPALIVE_COMMENT  # so that whoever asks has the headers at once
    async with aclosing(stream) as told:
        async for one in told:
            if one is None:
                yield KEEPALIVE_COMMENT
            else:
                yield format_sse_event(data_str=one.data, event=one.event, id=one.id)
