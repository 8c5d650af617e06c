"""Style sheets and scripts: those of reports and those of this folder."""

from functools import cache
from hashlib import sha256
from importlib import resources
from mimetypes import guess_type

from fastapi import APIRouter, Request
from fastapi.responses import Response
from plotly.offline import get_plotlyjs

from outvoted.cluster.service.errors import NotFoundError

router = APIRouter()
_FOLDERS = ("outvoted.cluster.service.pages", "outvoted.analysis.report")
_PLOTLY = "plotly.js"
_TYPES = {".js": "text/javascript", ".css": "text/css"}


@router.get("/assets/{name}")
def asset(name: str, request: Request, v: str = "") -> Response:
    """Give one of the files; for good, where it is asked for by what is in it."""
    found = _file(name)
    if found is None:
        raise NotFoundError("a file of the pages", name, "reload the page")
    content, version = found
    tag = f'"{version}"'
    keep = "public, max-age=31536000, immutable" if v == version else "no-cache"
    headers = {"ETag": tag, "Cache-Control": keep}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_type(name), headers=headers)


def address_of(name: str) -> str:
    """Return the address of a file, which is another one whenever its content is."""
    found = _file(name)
    if found is None:
        raise LookupError(f"no asset {name}")
    return f"/assets/{name}?v={found[1]}"


def _type(name: str) -> str | None:
    ending = name[name.rfind(".") :]
    return _TYPES.get(ending) or guess_type(name)[0]


def _file(name: str) -> tuple[bytes, str] | None:
    """Return the content of a file, and its version."""
    return _plotly() if name == _PLOTLY else _files().get(name)


@cache
def _plotly() -> tuple[bytes, str]:
    """Return Plotly's own script, which is large and on few pages."""
    return _versioned(get_plotlyjs().encode())


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    found: dict[str, tuple[bytes, str]] = {}
    for package in _FOLDERS:
        for file in (resources.files(package) / "assets").iterdir():
            found.setdefault(file.name, _versioned(file.read_bytes()))
    return found


def _versioned(content: bytes) -> tuple[bytes, str]:
    return content, sha256(content).hexdigest()[:20]
