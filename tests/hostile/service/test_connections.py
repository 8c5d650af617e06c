"""A server that many leave waiting goes on to answer those who ask."""

import os
import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from tests.hostile.service.conftest import MOST_WAITING, PATIENCE, Listening

COUNT = int(os.environ.get("OUTVOTED_SLOW_CONNECTIONS", "400"))
SOON = 5.0
"""Seconds within which a busy machine's server answers."""
Says = Callable[[Listening], bytes]

SLOW: dict[str, Says] = {
    "nothing": lambda server: b"",
    "half a line": lambda server: b"GET /v1/hea",
    "headers without end": lambda server: b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "a form that never comes": lambda server: (
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 100\r\n\r\ntoken="
    ),
    "a body that never comes, by a visitor who is known": lambda server: (
        f"POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\n{server.bearer}\r\nContent-Length: 9\r\n\r\n1".encode()
    ),
    "one request, then nothing": lambda server: b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.fixture(autouse=True, scope="module")
def _many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * COUNT:
        pytest.skip(f"needs {2 * COUNT:,} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * COUNT)), hard))


@pytest.mark.parametrize("says", SLOW)
def test_slow_connections_keep_nobody_out(listening: Listening, says: str) -> None:
    times = []
    with ExitStack() as stack:
        for number in range(COUNT):
            slow = stack.enter_context(listening.connection())
            with suppress(ConnectionError):
                slow.sendall(SLOW[says](listening))
            if number % (COUNT // 8) == 0:
                times.append(listening.answers())
        times.append(listening.answers())
    assert max(times) < SOON


def test_a_connection_that_asks_for_nothing_is_closed(listening: Listening) -> None:
    for says in ("nothing", "half a line", "headers without end", "one request, then nothing"):
        with listening.connection() as slow:
            slow.sendall(SLOW[says](listening))
            began = time.perf_counter()
            with suppress(ConnectionError):
                while slow.recv(65_536):
                    pass
            assert 0.5 * PATIENCE < time.perf_counter() - began < PATIENCE + SOON, says


def test_a_drop_at_a_time_gains_no_time(listening: Listening) -> None:
    with listening.connection() as slow:
        began = time.perf_counter()
        with suppress(ConnectionError):
            for _ in range(100):
                slow.sendall(b"X")
                time.sleep(PATIENCE / 10)
        assert time.perf_counter() - began < PATIENCE + SOON


def test_what_does_not_come_is_not_waited_for(listening: Listening) -> None:
    with listening.connection() as slow:
        slow.sendall(SLOW["a form that never comes"](listening))
        assert slow.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_when_many_wait_the_oldest_makes_room(listening: Listening) -> None:
    with ExitStack() as stack:
        waiting = [stack.enter_context(listening.connection()) for _ in range(MOST_WAITING + 10)]
        time.sleep(PATIENCE / 4)
        assert not _is_open(waiting[0])
        assert _is_open(waiting[-1])


def test_who_does_not_take_the_answer_is_left(listening: Listening) -> None:
    ask = f"GET /assets/plotly.js HTTP/1.1\r\nHost: 127.0.0.1\r\n{listening.bearer}\r\n\r\n".encode()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", listening.port))
        deaf.sendall(ask * 50)
        time.sleep(3 * PATIENCE)
        deaf.settimeout(SOON)
        taken = 0
        with suppress(ConnectionError):
            while piece := deaf.recv(65_536):
                taken += len(piece)
    assert taken < 50 * 1_000_000


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
