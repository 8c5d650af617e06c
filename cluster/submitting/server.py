"""A service over HTTP: requests with its token, its errors in its own words, its events one by one."""

import ipaddress
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from outvoted.cluster.submitting.dashboard import silence_of
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

TOKEN_FILE = Path(".service") / "token"
"""Where a service keeps its token, within its folder of runs."""
TOKEN = "OUTVOTED_TOKEN"
"""The environment variable with the token of a service."""
_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 60.0
_MOST_BYTES = 64 << 20
_MOST_OF_A_LINE = 1 << 20
_BLOCK = 1 << 16
_GOOD = range(200, 300)
_READY_SECONDS, _PAUSE_SECONDS = 120.0, 1.0
_TIMES, _MOST_PAUSE_SECONDS = 20, 30.0


@dataclass(frozen=True)
class ServerEvent:
    """What a service sends as it happens."""

    kind: str
    id: str
    data: Mapping[str, Any]


def server_url(given: str) -> str:
    """Return the URL of a service.

    Raises:
        OutvotedError: it is none.
    """
    text = given.strip()
    text = (text if "://" in text else f"http://{text}").rstrip("/")
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s@?#]", text):
        raise OutvotedError(
            expected="the URL of a service, such as http://127.0.0.1:8300",
            found=shown(given),
            remedy="pass the address that `outvoted serve` prints, without the part from /login on",
        )
    return text


def is_here(url: str) -> bool:
    """Whether a URL leads to this machine alone."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def travels_openly(url: str) -> bool:
    """Whether what is sent to a URL can be read on its way."""
    return url.startswith("http:") and not is_here(url)


def token_for(url: str, file: Path | None, runs: Path) -> str | None:
    """Return the token for a service: of a file, the environment, or the service in a folder of runs here.

    Raises:
        OutvotedError: the file can't be read.
    """
    if file is None and os.environ.get(TOKEN, "").strip():
        return os.environ[TOKEN].strip()
    own = runs / TOKEN_FILE
    if file is None and not (is_here(url) and own.is_file()):
        return None
    try:
        return (file or own).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise OutvotedError(
            expected=f"the token of {url} in {file or own}",
            found=getattr(error, "strerror", None) or "no text",
            remedy=f"name the file with --token-file, or set {TOKEN}",
        ) from error


class Server:
    """A service, and who asks it."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Take its URL and token.

        Raises:
            OutvotedError: that is no URL.
        """
        self.url, self._token = server_url(url), token
        self._session = requests.Session()

    def json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask, and return the answer.

        Raises:
            OutvotedError: nobody answers, or the service refuses: in its words.
        """
        with self._told(), self._asked(method, path, body) as answer:
            found = json.loads(_read(answer))
            if not isinstance(found, dict):
                raise ValueError("no mapping")
            return found

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Ask for something of which the answer says no more than that it is done."""
        with self._told(), self._asked(method, path, body):
            pass

    def text(self, path: str) -> str:
        """Return a text of the service."""
        with self._told(), self._asked("GET", path) as answer:
            return _read(answer).decode("utf-8", "replace")

    def content(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file."""
        with self._told(), self._asked("GET", path) as answer:
            yield from answer.iter_content(_BLOCK)

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of a text as they come."""
        with self._told(), self._asked("GET", path) as answer:
            yield from _lines(answer)

    def events(self, path: str, after: str) -> Iterator[ServerEvent]:
        """Yield events as they come, those after the one of that id; "": all.

        Raises:
            ConnectionError: the connection broke.
        """
        seen = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        try:
            with self._asked("GET", path, headers=seen) as answer:
                yield from _events(_lines(answer))
        except requests.RequestException as error:
            raise ConnectionError(str(error)) from error

    def await_ready(self) -> None:
        """Wait until the service reaches its cluster, which it may only just be starting.

        Raises:
            OutvotedError: it does not, or nobody answers.
        """
        until = time.monotonic() + _READY_SECONDS
        while True:
            try:
                self.ask("GET", "/v1/ready")
            except _NotReadyError:
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[requests.Response]:
        with self._sent(method, path, body, headers) as answer:
            if answer.status_code not in _GOOD:
                raise self._refusal(answer)
            yield answer

    def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None
    ) -> requests.Response:
        """Ask; whoever only looks waits where a service says that it was asked too often, and asks again."""
        for _ in range(_TIMES):
            answer = self._session.request(
                method,
                f"{self.url}{path}",
                json=body,
                headers=dict(headers or {}),
                auth=self._shown,  # in place of what ~/.netrc would show
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                stream=True,
                allow_redirects=False,
            )
            if method != "GET" or answer.status_code != requests.codes.too_many_requests:
                break
            after = answer.headers.get("Retry-After", "")
            answer.close()
            time.sleep(min(float(after) if after.isdecimal() else _PAUSE_SECONDS, _MOST_PAUSE_SECONDS))
        return answer

    def _shown(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _refusal(self, answer: requests.Response) -> OutvotedError:
        if answer.status_code == requests.codes.unauthorized:
            return OutvotedError(
                expected=f"the token of the service at {self.url}",
                found="none was sent" if self._token is None else "another one, which it refuses",
                remedy=f"name its file with --token-file, or set {TOKEN}; it is {TOKEN_FILE} of the runs"
                " of the service",
            )
        try:
            said = json.loads(_read(answer))["error"]
            three = str(said["expected"]), str(said["found"]), str(said["remedy"])
        except (ValueError, KeyError, TypeError):
            return _no_service(self.url)
        unready = answer.status_code == requests.codes.service_unavailable
        return _NotReadyError(*three) if unready else OutvotedError(*three)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what went wrong in a user's words."""
        try:
            yield
        except requests.exceptions.InvalidURL as error:
            raise _no_service(self.url) from error
        except requests.RequestException as error:
            raise OutvotedError(
                expected=f"a service at {self.url}",
                found=silence_of(error) or "no answer that a service gives",
                remedy="start it with `outvoted serve`, or check host and port",
            ) from error
        except ValueError as error:  # what came is not what a service answers
            raise _no_service(self.url) from error


class _NotReadyError(OutvotedError):
    """The service does not reach its cluster yet."""


def _no_service(url: str) -> OutvotedError:
    return OutvotedError(
        expected=f"a service of outvoted at {url}",
        found="something else that answers there",
        remedy="check host and port: a service's is 8300 if not chosen otherwise",
    )


def _read(answer: requests.Response) -> bytes:
    parts, size = [], 0
    for block in answer.iter_content(_BLOCK):
        size += len(block)
        if size > _MOST_BYTES:
            raise ValueError("too much")
        parts.append(block)
    return b"".join(parts)


def _lines(answer: requests.Response) -> Iterator[bytes]:
    """Yield lines as they come, without what ends them; one that has no end is no line."""
    rest = b""
    for block in answer.iter_content(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > _MOST_OF_A_LINE:
            raise ValueError("too long a line")
        yield from (line.rstrip(b"\r") for line in lines)


def _events(lines: Iterator[bytes]) -> Iterator[ServerEvent]:
    """Take server-sent events apart: fields in lines, an empty line after each event."""
    kind, number, data = "message", "", list[str]()
    for line in lines:
        if not line:
            event = _event(kind, number, data)
            kind, data = "message", []
            if event is not None:
                yield event
            continue
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "id":
            number = value
        elif name == "data":
            data.append(value)


def _event(kind: str, number: str, data: list[str]) -> ServerEvent | None:
    try:
        found = json.loads("\n".join(data)) if data else None
    except (ValueError, RecursionError):
        return None
    return ServerEvent(kind, number, found) if isinstance(found, dict) else None
