from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.limits import Rates
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service

HOST = "127.0.0.1:8300"


@pytest.fixture
def keys(service: Service) -> Keys:
    return Keys.at(service.runs, names_of("127.0.0.1", ()), Rates(strangers=1000))


@pytest.fixture
def app(service: Service, keys: Keys) -> ASGIApp:
    return guarded(application(service), keys)


Opened = Callable[..., TestClient]


@pytest.fixture
def opened(app: ASGIApp, keys: Keys) -> Iterator[Opened]:
    """Give clients: strangers, programs with the token of a role, or browsers that are logged in."""
    with ExitStack() as stack:

        def open_one(token: Role | None = None, browser: Role | None = None, **more: Any) -> TestClient:
            client = TestClient(app, base_url=f"http://{HOST}", follow_redirects=False, **more)
            if token is not None:
                client.headers["Authorization"] = f"Bearer {keys.tokens.by_role[token]}"
            if token is None:
                client.headers["Accept"] = "text/html"
            if browser is not None:
                client.cookies.set(keys.sessions.cookie, keys.sessions.begin(browser))
            return stack.enter_context(client)

        yield open_one
