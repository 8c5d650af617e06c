"""Headers of all answers: what browsers may do with them."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Of the pages: nothing but this service's own files, no script or style within a page."""
_USUAL: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with less, browsers say Origin: null when a form is sent
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
REPORT: Mapping[str, str] = {
    "Content-Security-Policy": "sandbox allow-scripts allow-downloads; default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
}
"""Of a run's ``report.html``, which a stranger may have written: its scripts run in an origin of their own,
without this service's cookies, and can neither ask nor tell anybody anything."""


def attachment(filename: str) -> dict[str, str]:
    """Return the header of what browsers are to save under a name, not to show."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in filename)
    encoded = f"filename*=UTF-8''{quote(filename, safe='')}"
    return {"Content-Disposition": f'attachment; filename="{plain}"; {encoded}'}


class WithHeaders:
    """Adds to every answer of an application the headers that it does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _USUAL.items():
                    headers.setdefault(name, value)
                if message["status"] in (429, 503):
                    headers.setdefault("Retry-After", "1")
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
