"""A real server, on a port of this machine, and what can be said to it on a bare connection."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard import bodies
from outvoted.cluster.service.guard.connections import Waiting, serving_options
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.limits import Rates
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from tests.cluster.submitting.pretended import PretendedCluster

PATIENCE = 1.0
"""Seconds that the server has with connections here, instead of some ten."""
MOST_WAITING = 100


@dataclass(frozen=True)
class Listening:
    """A server that listens."""

    port: int
    keys: Keys
    runs: Path

    @property
    def bearer(self) -> str:
        """The header of a program with the full token."""
        return f"Authorization: Bearer {self.keys.tokens.by_role[Role.FULL]}"

    def connection(self) -> socket.socket:
        """Connect."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def say(self, data: bytes, last: bool = True) -> bytes:
        """Say something on a connection of its own, and return what is answered until it is closed.

        Args:
            last: close this side of the connection then.
        """
        with self.connection() as connection:
            answer = b""
            try:
                connection.sendall(data)
                if last:
                    connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65_536):
                    answer += piece
            except OSError:  # it was closed by then
                pass
            return answer

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
        """Ask for something as a program with the full token, and return the whole answer."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            self.bearer,
            "Connection: close",
        ]
        length = [f"Content-Length: {len(body)}"] if body else []
        return self.say("\r\n".join([*lines, *headers, *length, "", ""]).encode("latin-1") + body, last=False)

    def answers(self) -> float:
        """Return how many seconds an answer takes, to a visitor who is known."""
        began = time.perf_counter()
        assert self.ask("GET", "/v1/schema").startswith(b"HTTP/1.1 200 ")
        return time.perf_counter() - began


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A server with an empty folder of runs and a pretended cluster."""
    runs = tmp_path_factory.mktemp("runs")
    keys = Keys.at(
        runs, names_of("127.0.0.1", ()), Rates(any=10**6, changing=10**6, asking=10**6, strangers=10**6)
    )
    app = guarded(application(Service(ServiceSettings(runs=runs), PretendedCluster)), keys)
    waiting = Waiting(MOST_WAITING, asking=PATIENCE, taking=PATIENCE)
    config = uvicorn.Config(app, port=0, log_config=None, **serving_options(waiting))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "BODY_PATIENCE", PATIENCE)
        patch.setattr(bodies, "STRANGERS_BODY_LASTS", PATIENCE)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Listening(server.servers[0].sockets[0].getsockname()[1], keys, runs)
        server.should_exit = True
        thread.join()
