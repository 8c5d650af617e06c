"""Logging in and out: browsers exchange a token, or the link that `outvoted serve` printed, for a cookie."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from outvoted.cluster.service.guard.gate import GATE, Gate
from outvoted.cluster.service.guard.sessions import LASTS
from outvoted.cluster.service.guard.visitors import Role, visitor_of
from outvoted.cluster.service.pages.rendering import page

router = APIRouter()
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_UNAUTHORISED = 401
_WRONG = "That is not one of this service's tokens."
_USED = (
    "That link has been used, or is too old. Log in with the token, or restart the service for another link."
)


@router.get("/login")
def login(request: Request, code: str = "", next: str = "/") -> Response:  # noqa: A002 - as in the address
    """Ask for a token; with a link's code, log in at once."""
    gate, then = _gate(request), _within(next)
    if gate is None:
        return RedirectResponse("/", 303)
    if not code:
        return page(request, "login.html", next=then, problem="")
    role = gate.keys.sessions.redeem(code)
    if role is None:
        return page(request, "login.html", _UNAUTHORISED, next=then, problem=_USED)
    # A page rather than a redirect: after a link from elsewhere a browser would not send the cookie yet.
    return _begun(gate, request, role, page(request, "welcome.html", next=then))


@router.post("/login")
def exchange(
    request: Request,
    token: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=8192)] = "/",  # noqa: A002
) -> Response:
    """Exchange a token for a cookie."""
    gate, then = _gate(request), _within(next)
    if gate is None:
        return RedirectResponse("/", 303)
    role = gate.keys.tokens.role_of(token.strip())
    if role is None:
        return page(request, "login.html", _UNAUTHORISED, next=then, problem=_WRONG)
    return _begun(gate, request, role, RedirectResponse(then, 303))


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the browser's session."""
    answer, gate, visitor = RedirectResponse("/login", 303), _gate(request), visitor_of(request)
    if gate is not None and visitor.session:
        gate.keys.sessions.end(visitor)
        answer.delete_cookie(gate.keys.sessions.cookie)
    return answer


def _begun(gate: Gate, request: Request, role: Role, answer: Response) -> Response:
    sessions = gate.keys.sessions
    answer.set_cookie(
        sessions.cookie,
        sessions.begin(role),
        max_age=LASTS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _gate(request: Request) -> Gate | None:
    found = request.scope.get("state", {}).get(GATE)
    return found if isinstance(found, Gate) else None


def _within(address: str) -> str:
    """Return an address of this service; the first page where it leads elsewhere."""
    return address if _LOCAL.fullmatch(address) else "/"
