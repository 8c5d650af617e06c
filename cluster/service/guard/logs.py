"""What is logged: a line for each request, without anything that lets its reader in."""

import json
import logging
import time
from typing import Any, Literal
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outvoted.cluster.service.guard.access import is_health
from outvoted.cluster.service.guard.visitors import Visitor

LogFormat = Literal["plain", "json"]
_ACCESS = logging.getLogger("outvoted.service.access")
_LONGEST = 300
_FINE = 200
_PLAIN = "/~:@,;+="


class Logged:
    """Logs every request of an application: never its query, its cookies, or what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            if not (is_health(scope["path"]) and status == _FINE):  # probes would fill it
                _log(scope, status, time.perf_counter() - began)


def _log(scope: Scope, status: int, seconds: float) -> None:
    visitor = scope.get("state", {}).get("visitor", Visitor())
    client = (scope.get("client") or ("",))[0]
    said = {
        "client": client,
        "role": visitor.role.name.lower() if visitor.role else "stranger",
        "method": quote(scope["method"])[:20],
        "path": quote(scope["path"], safe=_PLAIN)[:_LONGEST],
        "status": status,
        "ms": round(1000 * seconds, 1),
    }
    words = "{client} {role} {method} {path} {status} {ms} ms".format(**said)
    _ACCESS.info(words, extra={"fields": said})


class JsonLines(logging.Formatter):
    """Writes each record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, "fields", None) or {"message": record.getMessage()}),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said)


class _Quiet(logging.Filter):
    """Leaves out what every scanner of ports makes a server say."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(
            ("Invalid HTTP request", "Unsupported upgrade", "No supported")
        )


def log_config(form: LogFormat) -> dict[str, Any]:
    """Return what uvicorn configures logging with: all to the standard error stream."""
    formatters: dict[str, Any] = {
        "plain": {"format": "%(asctime)s %(levelname)s %(message)s"},
        "json": {"()": JsonLines},
    }
    handler = {"class": "logging.StreamHandler", "formatter": form, "filters": ["quiet"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "filters": {"quiet": {"()": _Quiet}},
        "handlers": {"stderr": handler},
        "loggers": {
            name: {"handlers": ["stderr"], "level": level, "propagate": False}
            for name, level in (("uvicorn", "WARNING"), ("outvoted.service", "INFO"))
        },
    }
