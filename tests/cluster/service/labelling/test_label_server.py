"""`outvoted label`'s server: answers only who has its link, and acknowledges only what is on disk."""

import json
import os
import signal
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from threading import Timer
from urllib.parse import parse_qs, urlsplit

import pytest

from outvoted.actors.labelling.label_store import labels_of
from outvoted.actors.labelling.label_task import order
from outvoted.cluster.service.label_server import LabelServer, listen
from outvoted.search.errors import OutvotedError
from tests.cluster.service.labelling.serving import DIGITS, ServedLabels, apart, pictures, study

API = "/v1/runs/run/labels"


class Guest:
    """Somebody who asks a server, maybe with its link's cookie."""

    def __init__(self, page: ServedLabels) -> None:
        parts = urlsplit(page.link)
        self.netloc, self._login = parts.netloc, f"{parts.path}?{parts.query}"
        self.code = parse_qs(parts.query)["code"][0]
        self.headers: dict[str, str] = {}

    def enter(self) -> "Guest":
        answer = self.get(self._login)
        self.headers = {"Cookie": (answer.headers["Set-Cookie"] or "").partition(";")[0]}
        text = self.get("/label/run").read().decode()
        csrf = text.partition('name="csrf" content="')[2].partition('"')[0]
        assert csrf
        self.headers["X-CSRF-Token"] = csrf
        return self

    def get(self, path: str, **headers: str) -> HTTPResponse:
        return self._ask("GET", path, None, headers)

    def label(self, value: object, headers: dict[str, str] | None = None) -> HTTPResponse:
        return self._ask(
            "POST", API, json.dumps(value), {"Content-Type": "application/json"} | (headers or {})
        )

    def items(self, labeller: str) -> list[str]:
        found: list[str] = json.load(self.get(f"{API}/sheet?labeller={labeller}"))["items"]
        return found

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> HTTPResponse:
        connection = HTTPConnection(self.netloc, timeout=10)
        connection.request(method, path, body, {**self.headers, **headers})
        return connection.getresponse()


PATHS = ("/label", "/label/run", f"{API}/sheet?labeller=reader", f"{API}/progress")


@pytest.mark.parametrize("path", PATHS)
def test_who_has_the_link_is_answered(page: ServedLabels, path: str) -> None:
    answer = Guest(page).enter().get(path)
    assert answer.status == 200
    assert "default-src 'none'" in (answer.headers["Content-Security-Policy"] or "")


@pytest.mark.parametrize("path", PATHS)
def test_who_does_not_is_refused(page: ServedLabels, path: str) -> None:
    stranger = Guest(page)
    answer = stranger.get(path)
    assert answer.status in (303, 401)
    assert stranger.code not in answer.read().decode()
    assert stranger.get(f"/login?code={stranger.code[:-1]}").status == 401


def test_the_link_works_for_several(page: ServedLabels) -> None:
    assert Guest(page).enter().headers != Guest(page).enter().headers


@pytest.mark.parametrize("path", ["/", "/runs/run", "/v1/runs", "/v1/runs/run", "/label/other", "/try"])
def test_nothing_else_is_served(page: ServedLabels, path: str) -> None:
    assert Guest(page).enter().get(path).status in (403, 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_a_request_to_another_host_is_refused(page: ServedLabels, host: str) -> None:
    assert Guest(page).enter().get("/label/run", Host=host).status == 403


@pytest.mark.parametrize("headers", [{"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 64}])
def test_another_page_cannot_label(page: ServedLabels, headers: dict[str, str]) -> None:
    guest = Guest(page).enter()
    item = guest.items("evil")[0]
    assert guest.label({"labeller": "evil", "item": item, "answer": 1}, headers).status == 403
    assert "evil" not in page.store.names


def test_pictures_come_in_the_labellers_order(page: ServedLabels) -> None:
    guest = Guest(page).enter()
    items = guest.items("viewer")
    given = [guest.get(f"{API}/pictures/{item}?labeller=viewer").read() for item in items]
    assert given == [pictures(6)[image] for image in order("viewer", 6)]


def test_a_port_that_is_taken_is_said(page: ServedLabels) -> None:
    with pytest.raises(OutvotedError, match="choose another --port"):
        listen(urlsplit(page.link).port or 0)


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[int, int] = {}
    with apart(tmp_path, 2000) as (process, page):
        guest = Guest(page).enter()
        items = guest.items("anna")
        try:
            for place, item in enumerate(items):
                if place == 1:
                    Timer(0.2, process.send_signal, [signal.SIGKILL]).start()
                given = {"labeller": "anna", "item": item, "answer": place % 7}
                if json.load(guest.label(given))["labelled"]:
                    acknowledged[place] = place % 7
        except (OSError, HTTPException):
            pass
        process.wait()
    assert 0 < len(acknowledged) < 2000, "the server was not killed in mid-typing"
    kept = labels_of(page.store, 2000).labels[0][order("anna", 2000)]
    assert {place: int(kept[place]) for place in acknowledged} == acknowledged


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    server, before = LabelServer(tmp_path, study(6, DIGITS)), signal.getsignal(ending)
    with listen(0) as listening:
        Timer(0.5, os.kill, [os.getpid(), ending]).start()
        server.serve(listening)
    assert signal.getsignal(ending) == before
    LabelServer(tmp_path, study(6, DIGITS)).close()  # others may write again
