"""The files of a run, which `outvoted fetch --server` brings."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from outvoted.cluster.console.records import FileSent
from outvoted.cluster.service import files
from outvoted.cluster.service.guard.headers import attachment
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Here

router = APIRouter(prefix="/runs", tags=["files"])
_LINES, _BYTES = "application/x-ndjson", "application/octet-stream"


def _given(media: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/{name}/files", response_class=StreamingResponse, responses=_given(_LINES))
def listed(service: Here, name: str) -> StreamingResponse:
    """List the files of a run, a line of JSON each: path, size in bytes, SHA-256; `run.json` comes last."""
    return StreamingResponse(_lines(files.listed(run_folder(service, name))), media_type=_LINES)


@router.get("/{name}/files/{path:path}", response_class=StreamingResponse, responses=_given(_BYTES))
def content(service: Here, name: str, path: str) -> StreamingResponse:
    """Give a file of a run."""
    found = files.opened(run_folder(service, name), path)
    headers = {"Content-Length": str(found.size), **attachment(path.rpartition("/")[2])}
    return StreamingResponse(found.blocks(), media_type=_BYTES, headers=headers)


def _lines(found: Iterator[FileSent]) -> Iterator[str]:
    for one in found:
        yield one.model_dump_json(include={"path", "size", "sha256"}) + "\n"
