"""What a dashboard answers, or does not, is told in a user's words; the token goes where it should."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from outvoted.cluster.submitting.dashboard import Dashboard, address_of
from outvoted.search.errors import OutvotedError

Answer = tuple[int, str]
Serve = Callable[[dict[str, Answer]], str]
VERSION = {"version": "4", "ray_version": "2.60.0", "ray_commit": "x", "session_name": "s"}
SOUND = {"/api/version": (200, json.dumps(VERSION))}


@pytest.fixture
def asked() -> list[dict[str, str]]:
    """The headers of all requests."""
    return []


@pytest.fixture
def serve(asked: list[dict[str, str]]) -> Iterator[Serve]:
    """Have answers to paths given by a server: ``serve({"/api/version": (200, "...")})`` is its address."""
    servers = []

    def start(answers: dict[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(dict(self.headers))
                status, text = answers.get(self.path, (404, "not here"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "RAY_AUTH_TOKEN",
        "RAY_AUTH_TOKEN_PATH",
        "RAY_AUTH_MODE",
        "RAY_ADDRESS",
        "RAY_API_SERVER_ADDRESS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "given", ["local", "auto", "", "ray://head:10001", "http://a b:8265", "http://x@head:8265"]
)
def test_what_is_no_dashboards_address_is_refused(given: str) -> None:
    with pytest.raises(OutvotedError, match="http://HOST:8265"):
        address_of(given)
    assert address_of(" head:8265/ ") == "http://head:8265"
    assert address_of("https://head/ray/") == "https://head/ray"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((401, "Unauthorized: Missing authentication token"), "none was sent"),
        ((403, "Forbidden: Invalid authentication token"), "another token"),
        ((404, "no"), "something else that answers there"),
        ((200, "<html>hello</html>"), "something else that answers there"),
        ((200, "{}"), "something else that answers there"),
        ((200, json.dumps({**VERSION, "ray_version": "2.54.1"})), "Ray 2.54.1"),
        ((500, "Traceback\nOSError: it broke"), "no answer that a dashboard gives"),
    ],
)
def test_an_answer_that_is_not_a_clusters_is_told(answer: Answer, found: str, serve: Serve) -> None:
    with pytest.raises(OutvotedError) as caught:
        Dashboard(serve({"/api/version": answer}))
    assert found in caught.value.found
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://no-such-machine.invalid:8265"])
def test_where_nobody_answers_it_is_told(address: str) -> None:
    with pytest.raises(OutvotedError, match="check host and port") as caught:
        Dashboard(address)
    assert caught.value.found in ("nothing that listens there", "no machine of that name")


@pytest.mark.parametrize("place", ["variable", "file", "home"])
def test_the_token_is_sent_wherever_it_was_put(
    place: str, serve: Serve, asked: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "variable":
        monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    file = tmp_path / (".ray/auth_token" if place == "home" else "token")
    file.parent.mkdir(exist_ok=True)
    file.write_text("other" if place == "variable" else "secret\n")
    if place != "home":
        monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(file))
    Dashboard(serve(SOUND))
    assert {headers["Authorization"] for headers in asked} == {"Bearer secret"}


def test_a_token_file_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/nowhere/token")
    with pytest.raises(OutvotedError, match="/nowhere/token: No such file"):
        Dashboard(serve(SOUND))


def test_no_other_address_is_taken_than_the_one_given(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.1.2.3:6379")
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://10.1.2.3:8265")
    address = serve(SOUND)
    assert Dashboard(address)._client.get_address() == f"http://{address}"


def test_refusals_of_jobs_are_told(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, found in (
        ("ValueError: Job with submission_id a already exists.", "one that was submitted a moment ago"),
        ("No available agent to submit job, please try again later.", "none that is up"),
        ("Traceback\nSomething: else", "Something: else. (HTTP 500)"),
    ):
        cluster = Dashboard(serve({**SOUND, "/api/jobs/": (500, text)}))
        monkeypatch.setattr(cluster._client, "_upload_working_dir_if_needed", lambda env: env.clear())
        with pytest.raises(OutvotedError) as caught:
            cluster.submit("a", "x", tmp_path, {}, {})
        assert caught.value.found == found
    with pytest.raises(OutvotedError, match="a run 'a' that was submitted"):
        Dashboard(serve(SOUND)).job("a")


def test_rays_client_says_nothing_by_itself(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Dashboard(serve(SOUND))
    assert not caplog.records
