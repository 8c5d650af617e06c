"""Requests of strangers who mean harm: each is refused, none costs an answer to anybody else."""

import re
import ssl

import pytest

from tests.hostile.service.conftest import Listening

SOON = 5.0
HOST = b"Host: 127.0.0.1\r\n"

NO_REQUESTS = {
    "nothing": b"",
    "ends of lines": b"\r\n" * 1000,
    "noise": bytes(range(256)) * 100,
    "zeros": bytes(100_000),
    "the beginning of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "a line without end": b"GET /" + b"a" * 1_000_000,
    "a header without end": b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000,
    "headers without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n",
    "a header with a zero": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "a header on two lines": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n\tb\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\n",
    "a path of other bytes": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address with a host": b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a proxy's request": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a request for all": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "an echo": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of noise": b"\x01\x02 / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a negative length": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "two lengths": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 9\r\n\r\nx",
    "a length and pieces": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/runs HTTP/1.1\r\n\r\n",
    "pieces of noise": b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a piece of all the memory": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    "another encoding": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a websocket": b"GET / HTTP/1.1\r\n"
    + HOST
    + b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: eA==\r\n\r\n",
    "an expectation": b"POST /login HTTP/1.1\r\n"
    + HOST
    + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "a thousand requests at once": (b"GET /v1/health HTTP/1.1\r\n" + HOST + b"\r\n") * 1000,
    "a cookie of noise": b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: " + b"\xff;=;a=b=c;;" * 1000 + b"\r\n\r\n",
    "a token of noise": b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer \xff\xfe\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_REQUESTS)
def test_what_is_no_request_of_a_visitor_opens_nothing(listening: Listening, sent: str) -> None:
    answer = listening.say(NO_REQUESTS[sent])
    statuses = set(re.findall(rb"HTTP/1\.1 (\d+) ", answer))
    assert not {status for status in statuses if status.startswith(b"5")}, answer[:300]
    assert b"<h1>Runs" not in answer
    assert listening.answers() < SOON


def test_a_client_of_tls_is_refused(listening: Listening) -> None:
    context = ssl.create_default_context()
    with listening.connection() as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain, server_hostname="localhost")
    assert listening.answers() < SOON


STEPS_OUT = ("..", "%2e%2e", "%2E%2E", "..%2f..", "..%5c..", "%252e%252e", "....//", "..;", "%c0%ae%c0%ae")
FILES = ("etc/passwd", ".service/token", "%2eservice/key", ".service%2ftoken")


@pytest.mark.parametrize("step", STEPS_OUT)
def test_no_address_leads_out_of_the_folder_of_runs(listening: Listening, step: str) -> None:
    secrets = [listening.keys.tokens.key, *listening.keys.tokens.by_role.values(), "root:"]
    for place in ("/", "/assets/", "/runs/", "/v1/runs/", "/v1/runs/a/", "/label/"):
        for file in FILES:
            for path in (f"{place}{step}/{file}", f"{place}{step}/{step}/{step}/{file}", f"{place}{file}"):
                answer = listening.ask("GET", path)
                assert re.match(rb"HTTP/1\.1 (303|4\d\d) ", answer), (path, answer[:200])
                assert not any(secret.encode() in answer for secret in secrets), path
