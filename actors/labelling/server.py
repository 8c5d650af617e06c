"""The page for labelling, served to this machine alone."""

import asyncio
import hmac
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from aiohttp import web
from aiohttp.http import HttpProcessingError
from pydantic import Field, TypeAdapter, ValidationError

from outvoted.actors.labelling.desk import KEYS, Desk
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

HOST = "127.0.0.1"
_PATIENCE = 10.0  # seconds
_FILES = {"": "page.html", "page.js": "page.js", "page.css": "page.css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Label(Settings):
    """What the page sends for each label."""

    labeller: str
    place: Annotated[int, Field(ge=0, strict=True)]
    label: Annotated[int, Field(ge=0, strict=True)]


def listen(port: int) -> socket.socket:
    """Take a port of this machine, or any free one for 0.

    Raises:
        OutvotedError: it is taken, or not for us to take.
    """
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()  # requests before `serve` wait
    except OSError as error:
        found.close()
        raise OutvotedError(
            expected=f"port {port} of {HOST} to be free",
            found=error.strerror or str(error),
            remedy="choose another --port, or leave it out for any free one",
        ) from error
    return found


def address(listening: socket.socket, token: str) -> str:
    """Return where the page is."""
    return f"http://{HOST}:{listening.getsockname()[1]}/{token}/"


def serve(desk: Desk, token: str, listening: socket.socket) -> None:
    """Serve the page until Ctrl-C, or SIGTERM, ends it.

    Only requests that know the ``token`` are answered, and only those that name this machine as their host:
    a page elsewhere whose name was made to point here (DNS rebinding) names another.
    """
    port = listening.getsockname()[1]
    app = web.Application(
        middlewares=[_guard(token, {f"{HOST}:{port}", f"localhost:{port}"}), _plain_errors],
        client_max_size=4096,
    )
    app[_DESK] = desk
    app.on_response_prepare.append(_add_headers)
    app.add_routes([web.get(f"/{{token}}/{path}", _file(name)) for path, name in _FILES.items()])
    app.add_routes(
        [
            web.get("/{token}/sheet", _sheet),
            web.get("/{token}/picture", _picture),
            web.post("/{token}/label", _label),
        ]
    )
    logging.getLogger("aiohttp.server").addFilter(_not_of_requests)
    web.run_app(
        app, sock=listening, print=None, access_log=None, shutdown_timeout=1, keepalive_timeout=_PATIENCE
    )


def _not_of_requests(record: logging.LogRecord) -> bool:
    """Keep out of the log what is wrong with requests: they are answered."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _guard(token: str, hosts: set[str]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
        given = request.match_info.get("token", "")
        if request.host not in hosts or not hmac.compare_digest(given.encode(), token.encode()):
            raise web.HTTPForbidden(text="Open the whole address that `outvoted label` printed.")
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            raise web.HTTPForbidden(text="Another page may not label.")
        return await handler(request)

    return guard


@web.middleware
async def _plain_errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Say what is wrong, in words that the page can show."""
    try:
        return await handler(request)
    except OutvotedError as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from error
    except (ValidationError, LookupError) as error:
        raise web.HTTPBadRequest(text="no such labeller, place or label") from error


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _file(name: str) -> _Handler:
    async def give(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(Path(__file__).with_name(name))

    return give


async def _sheet(request: web.Request) -> web.StreamResponse:
    desk, labeller = request.app[_DESK], request.query["labeller"]
    classes = [{"key": key, "name": name} for key, name in zip(KEYS, desk.work.classes, strict=False)]
    return web.json_response(
        {"study": desk.work.name, "classes": classes, "labels": desk.sheet(labeller).labels}
    )


async def _picture(request: web.Request) -> web.StreamResponse:
    place = TypeAdapter(Annotated[int, Field(ge=0)]).validate_python(request.query["place"])
    data = request.app[_DESK].picture(request.query["labeller"], place)
    seen = {"Cache-Control": "private, max-age=3600"}  # the next one is fetched ahead
    return web.Response(body=data, content_type="image/png", headers=seen)


async def _body(request: web.Request) -> bytes:
    """Read what was sent, but don't wait for it for ever."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


async def _label(request: web.Request) -> web.StreamResponse:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    said, desk = _Label.model_validate_json(await _body(request)), request.app[_DESK]
    if said.label >= len(desk.work.classes) or said.place >= len(desk.work.pictures):
        raise LookupError("place or label")
    return web.json_response({"labelled": desk.put(said.labeller, said.place, said.label)})
