"""Style sheets and scripts: those of reports and those of this folder."""

from functools import cache
from hashlib import sha256
from importlib import resources
from mimetypes import guess_type

from fastapi import APIRouter, Request
from fastapi.responses import Response

from outvoted.cluster.service.errors import NotFoundError

router = APIRouter()
_FOLDERS = ("outvoted.cluster.service.pages", "outvoted.analysis.report")


@router.get("/assets/{name}")
def asset(name: str, request: Request) -> Response:
    """Give one of the files."""
    files = _files()
    if name not in files:
        raise NotFoundError("a file of the pages", name, "reload the page")
    content, tag = files[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=guess_type(name)[0], headers=headers)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    found: dict[str, tuple[bytes, str]] = {}
    for package in _FOLDERS:
        for file in (resources.files(package) / "assets").iterdir():
            content = file.read_bytes()
            found.setdefault(file.name, (content, f'"{sha256(content).hexdigest()[:32]}"'))
    return found
