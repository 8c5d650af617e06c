"""The gate before the whole application: whatever it does not know to be allowed never gets in."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outvoted.cluster.service.errors import BusyError, ForbiddenError, RequestError, StrangerError
from outvoted.cluster.service.guard import access, limits
from outvoted.cluster.service.guard.bodies import Body, Held, check_announced
from outvoted.cluster.service.guard.forms import check_meant
from outvoted.cluster.service.guard.hosts import name_in
from outvoted.cluster.service.guard.sessions import Sessions
from outvoted.cluster.service.guard.shape import check_shape
from outvoted.cluster.service.guard.streams import Streams
from outvoted.cluster.service.guard.tokens import Tokens
from outvoted.cluster.service.guard.visitors import Role, Visitor, introduce
from outvoted.cluster.service.pages.rendering import answer_to
from outvoted.search.shown import shown

GATE = "gate"
"""The key, in a request's state, of the gate it came through."""


@dataclass(frozen=True)
class Keys:
    """What lets visitors in, and the names they may ask for.

    Attributes:
        hosts: as :func:`~outvoted.cluster.service.guard.hosts.names_of` gives them.
    """

    tokens: Tokens
    sessions: Sessions
    hosts: frozenset[str]
    rates: limits.Rates = field(default_factory=limits.Rates)

    @classmethod
    def at(cls, runs: Path, hosts: frozenset[str], rates: limits.Rates | None = None) -> "Keys":
        """Return those of a folder of runs, made where they are missing.

        Raises:
            OutvotedError: others can read a token, or the disk refuses.
        """
        tokens = Tokens.at(runs)
        return cls(tokens, Sessions(runs, tokens), hosts, rates or limits.Rates())

    def link(self, base: str) -> str:
        """Return an address that logs a browser in, once and soon."""
        return f"{base.rstrip('/')}/login?code={self.sessions.code()}"


class Gate:
    """Lets requests through to an application if they may."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self.keys = app, keys
        self._counted = limits.Counted(keys.rates)
        self._held, self._streams = Held(), Streams()
        self._answering = {True: 0, False: 0}  # of known visitors, and of strangers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no websockets
        body = Body(receive, access.most_body(scope["path"]), self._held)
        visitor = self._visitor(Headers(scope=scope))
        known = visitor.role is not None
        self._answering[known] += 1
        try:
            await self._answer(scope, visitor, body, send)
        finally:
            self._answering[known] -= 1
            body.close()

    async def _answer(self, scope: Scope, visitor: Visitor, body: Body, send: Send) -> None:
        request = Request(scope, body.receive)
        introduce(scope, visitor)
        scope["state"][GATE] = self
        scope.setdefault("app", self._app)  # pages of errors ask it which others there are
        try:
            await self._check(request, visitor, body)
            with (
                self._streams.taken(_who(request, visitor))
                if access.is_stream(scope["path"])
                else nullcontext()
            ):
                await _through(self._app, request, body, send)
        except RequestError as error:
            await _refusal(request, error)(scope, body.receive, send)

    async def _check(self, request: Request, visitor: Visitor, body: Body) -> None:
        """Refuse a request that may not pass.

        Raises:
            RequestError: it may not.
        """
        path = request.scope["path"]
        check_shape(request.scope)
        self._check_host(request)
        self._check_room(visitor)
        await self._count(request, visitor)
        if not access.is_open(path):
            _check_role(visitor, access.needed(request.method, path))
        if visitor.role is None:
            body.hurry()
        check_announced(request.scope, access.most_body(path))
        await check_meant(request, visitor, body)

    def _check_room(self, visitor: Visitor) -> None:
        known = visitor.role is not None
        most = limits.MOST_AT_ONCE if known else limits.MOST_STRANGERS_AT_ONCE
        if self._answering[known] > most:
            raise BusyError(f"at most {most} requests at once", "more", "ask again in a moment")

    def _check_host(self, request: Request) -> None:
        given = request.headers.getlist("host")
        name = name_in(given[0]) if len(given) == 1 else None
        if name in self.keys.hosts or access.is_health(request.scope["path"]):
            return
        raise ForbiddenError(
            expected=f"a request to {', '.join(sorted(self.keys.hosts))}",
            found=f"one to {shown(', '.join(given)[:100])}",
            remedy="use an address that `outvoted serve` printed, or start it with --allow-host NAME",
        )

    def _visitor(self, headers: Headers) -> Visitor:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Visitor(self.keys.tokens.role_of(token.strip()))
        cookie = cookie_parser(headers.get("cookie", "")).get(self.keys.sessions.cookie, "")
        return self.keys.sessions.visitor(cookie) or Visitor()

    async def _count(self, request: Request, visitor: Visitor) -> None:
        who = _who(request, visitor)
        if visitor.role is None:
            await self._counted.check("strangers", who)
            return
        await self._counted.check("any", who)
        kind = access.rate(request.method, request.scope["path"])
        if kind != "any":
            await self._counted.check(kind, who)


def _who(request: Request, visitor: Visitor) -> str:
    """Return as whom a visitor is counted."""
    client = limits.counted_as(request.client.host if request.client else "")
    return visitor.session or f"{visitor.role.name if visitor.role else 'stranger'} {client}"


def _check_role(visitor: Visitor, needed: Role) -> None:
    if visitor.role is None:
        raise StrangerError(
            expected="a token of this service, or a browser that is logged in",
            found="neither",
            remedy="send Authorization: Bearer TOKEN; `outvoted serve` prints where the token lies",
        )
    if not visitor.may(needed):
        raise ForbiddenError(
            expected=f"a token for {_MAY[needed]}",
            found=f"one for {_MAY[visitor.role]}",
            remedy="ask whoever runs the service for another token",
        )


_MAY = {
    Role.READING: "reading",
    Role.LABELLING: "labelling",
    Role.FULL: "starting and changing runs",
}


def _refusal(request: Request, error: RequestError) -> Response:
    """Return the answer to a request that may not pass; browsers are asked to log in."""
    path, is_browser = request.scope["path"], "text/html" in request.headers.get("accept", "")
    if isinstance(error, StrangerError) and is_browser and request.method in access.SAFE:
        asked = path + ("?" + request.url.query if request.url.query else "")
        return RedirectResponse("/login?next=" + quote(asked, safe="/"), status_code=303)
    answer = answer_to(request, error)
    if isinstance(error, StrangerError):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _through(app: ASGIApp, request: Request, body: Body, send: Send) -> None:
    """Have the application answer; where what is sent is refused meanwhile, say that instead."""
    began = False

    async def checked(message: Message) -> None:
        nonlocal began
        if body.refused is None or began:
            began = True
            await send(message)

    try:
        await app(request.scope, body.receive, checked)
    except ClientDisconnect:
        return  # nobody is left to be told
    except RequestError as error:
        if error is not body.refused:
            raise
    if body.refused is not None and not began:
        await _refusal(request, body.refused)(request.scope, body.receive, send)
