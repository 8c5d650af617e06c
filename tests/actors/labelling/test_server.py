"""The server of the page: answers only who knows the token, and acknowledges only what is on disk."""

import json
import signal
import socket
import subprocess
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

import pytest

from outvoted.actors.labelling.desk import Desk, LabellingTask, order
from outvoted.actors.labelling.label_store import MOST, LabelStore
from outvoted.actors.labelling.server import listen
from outvoted.search.errors import OutvotedError
from tests.actors.labelling.conftest import DIGITS
from tests.actors.labelling.serving import TOKEN, Served, pictures, served

JSON = {"Content-Type": "application/json"}


def connected(page: Served) -> HTTPConnection:
    return HTTPConnection(urlsplit(page.url).netloc, timeout=10)


def get(page: Served, path: str, **headers: str) -> HTTPResponse:
    connection = connected(page)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def post(page: Served, value: object, headers: dict[str, str]) -> HTTPResponse:
    connection = connected(page)
    connection.request("POST", f"/{TOKEN}/label", json.dumps(value), headers)
    return connection.getresponse()


@pytest.mark.parametrize(
    "path", ["", "page.js", "page.css", "sheet?labeller=reader", "picture?labeller=reader&place=0"]
)
def test_who_knows_the_token_is_answered(page: Served, path: str) -> None:
    answer = get(page, f"/{TOKEN}/{path}")
    assert answer.status == 200
    assert answer.read()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "path",
    ["/", "/favicon.ico", "/page.js", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", "/%C3%A4/", "/x/sheet?labeller=a"],
)
def test_who_does_not_is_refused(page: Served, path: str) -> None:
    answer = get(page, path)
    assert answer.status == 403
    assert TOKEN not in answer.read().decode()


@pytest.mark.parametrize("path", ["nothing", "../../etc/passwd", "server.py", "%2e%2e/server.py"])
def test_there_are_no_other_files(page: Served, path: str) -> None:
    assert get(page, f"/{TOKEN}/{path}").status in (403, 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example"])
def test_a_request_to_another_host_is_refused(page: Served, host: str) -> None:
    assert get(page, f"/{TOKEN}/", Host=host).status == 403


def test_this_machine_may_be_called_localhost(page: Served) -> None:
    port = urlsplit(page.url).port
    assert get(page, f"/{TOKEN}/", Host=f"localhost:{port}").status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**JSON, "Origin": "http://evil.example"}, 403),
        ({**JSON, "Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
    ],
)
def test_another_page_cannot_label(page: Served, headers: dict[str, str], status: int) -> None:
    assert post(page, {"labeller": "evil", "place": 0, "label": 1}, headers).status == status
    assert "evil" not in page.store.names


@pytest.mark.parametrize(
    "value",
    [
        {"labeller": "odd", "place": 6, "label": 1},
        {"labeller": "odd", "place": -1, "label": 1},
        {"labeller": "odd", "place": 0, "label": 10},
        {"labeller": "odd", "place": 0, "label": -1},
        {"labeller": "odd", "place": 0, "label": 1.5},
        {"labeller": "odd", "place": 0, "label": True},
        {"labeller": "odd", "place": 0},
        {"labeller": "odd", "place": 0, "label": 1, "more": 2},
        {"labeller": "../odd", "place": 0, "label": 1},
        [],
        "x" * 5000,
    ],
)
def test_what_is_no_label_is_refused_and_not_written(page: Served, value: object) -> None:
    assert post(page, value, JSON).status in (400, 413, 422)
    assert page.store.names == () or "odd" not in page.store.names


@pytest.mark.parametrize(
    "path", ["sheet", "sheet?labeller=a+b", "picture?labeller=a", "picture?labeller=a&place=6"]
)
def test_what_is_not_there_is_said(page: Served, path: str) -> None:
    assert get(page, f"/{TOKEN}/{path}").status in (400, 422)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /%b/ HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (TOKEN.encode(), b"x" * 100_000),
        b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 100_000),
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"\x00\xff no HTTP at all\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /%b/label HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n" % TOKEN.encode(),
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: x\r\n\r\n",
    ],
    ids=["header", "line", "headers", "bytes", "version", "length", "hosts"],
)
def test_a_request_that_is_none_is_answered_and_no_news(request_: bytes, tmp_path: Path) -> None:
    with served(tmp_path, 6, DIGITS, stderr=subprocess.PIPE) as page:
        parts = urlsplit(page.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as asking:
            asking.sendall(request_)
            assert asking.recv(12).startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        assert get(page, f"/{TOKEN}/").status == 200
        page.process.send_signal(signal.SIGTERM)
        assert page.process.communicate(timeout=10) == ("ended\n", "")


def test_pictures_come_in_the_labellers_order(page: Served) -> None:
    given = [get(page, f"/{TOKEN}/picture?labeller=viewer&place={place}").read() for place in range(6)]
    assert given == [pictures(6)[image] for image in order("viewer", 6)]


def test_a_port_that_is_taken_is_said(page: Served) -> None:
    with pytest.raises(OutvotedError, match="choose another --port"):
        listen(urlsplit(page.url).port or 0)


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[int, int] = {}
    with served(tmp_path, 2000, DIGITS) as page:
        connection = connected(page)
        try:
            for place in range(2000):
                if place == 1:
                    Timer(0.1, page.process.send_signal, [signal.SIGKILL]).start()
                said = {"labeller": "anna", "place": place, "label": place % 7}
                connection.request("POST", f"/{TOKEN}/label", json.dumps(said), JSON)
                if json.load(connection.getresponse())["labelled"]:
                    acknowledged[place] = place % 7
        except (OSError, HTTPException):
            pass
        page.process.wait()
    assert 0 < len(acknowledged) < 2000, "the server was not killed in mid-typing"
    kept = page.store.read().labels[0][order("anna", 2000)]
    assert {place: int(kept[place]) for place in acknowledged} == acknowledged


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    with served(tmp_path, 6, DIGITS) as page:
        assert get(page, f"/{TOKEN}/").status == 200
        page.process.send_signal(ending)
        said, _ = page.process.communicate(timeout=10)
        assert said == "ended\n"
        assert page.process.returncode == 0


def test_labellers_are_limited(tmp_path: Path) -> None:
    store = LabelStore(tmp_path, 2, 2)
    desk = Desk(LabellingTask("a study", pictures(2), ("0", "1")), store)
    for number in range(MOST):
        desk.sheet(f"person-{number}")
    with pytest.raises(OutvotedError, match=f"at most {MOST} labellers"):
        desk.sheet("one-more")
    assert desk.put("person-0", 0, 1) == 1
    assert store.names == ("person-0",)
