"""An application behind everything that guards it."""

from collections.abc import Sequence

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from outvoted.cluster.service.guard.gate import Gate, Keys
from outvoted.cluster.service.guard.headers import WithHeaders
from outvoted.cluster.service.guard.logs import Logged


def guarded(app: ASGIApp, keys: Keys, proxies: Sequence[str] = ()) -> ASGIApp:
    """Return an application that only visitors who may reach.

    Args:
        proxies: addresses or networks whose X-Forwarded-For and -Proto are believed.
    """
    inner = Logged(WithHeaders(Gate(app, keys)))
    if not proxies:
        return inner
    return ProxyHeadersMiddleware(inner, trusted_hosts=list(proxies))  # type: ignore[arg-type, return-value]
