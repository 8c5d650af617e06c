"""Requests of browsers: only those that a page of this service meant to be sent."""

import hmac

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from outvoted.cluster.service.errors import ForbiddenError
from outvoted.cluster.service.guard.access import SAFE
from outvoted.cluster.service.guard.bodies import Body
from outvoted.cluster.service.guard.hosts import is_same
from outvoted.cluster.service.guard.visitors import Visitor

FIELD = "csrf"
HEADER = "X-CSRF-Token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_OWN = ("", "same-origin", "none")


async def check_meant(request: Request, visitor: Visitor, body: Body) -> None:
    """Refuse what another page had a browser send.

    Programs send a token in a header, which no other page can; their requests always pass.

    Raises:
        ForbiddenError: the request comes from another page, or does not carry what ours do.
    """
    if visitor.role is not None and not visitor.session:
        return
    headers, site = request.headers, request.headers.get("sec-fetch-site", "")
    if request.method in SAFE:
        if site not in _OWN and headers.get("sec-fetch-mode") != "navigate":
            raise _foreign("another page's script or image")
        return
    origin = headers.get("origin")
    if site not in _OWN or (origin is not None and not is_same(origin, headers.get("host", ""))):
        raise _foreign("another page")
    if visitor.session and not hmac.compare_digest(
        (await _carried(request, body)).encode(), visitor.csrf.encode()
    ):
        raise ForbiddenError(
            expected=f"the field {FIELD} of this form, or the header {HEADER}, as the page had it",
            found="another, or none",
            remedy="reload the page, then try again",
        )


async def _carried(request: Request, body: Body) -> str:
    """Return what a script's header or a form's field says."""
    given = request.headers.get(HEADER)
    if given is not None or not request.headers.get("content-type", "").startswith(_FORMS):
        return given or ""
    data = await body.whole()
    if data is None:
        return ""
    body.again(data)
    try:
        async with Request(request.scope, body.receive).form(max_files=16, max_fields=1000) as form:
            field = form.get(FIELD)
    except (HTTPException, MultiPartException, ValueError):
        return ""
    body.again(data)
    return field if isinstance(field, str) else ""


def _foreign(found: str) -> ForbiddenError:
    return ForbiddenError(
        expected="a request from a page of this service", found=found, remedy="open this service's own page"
    )
