import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from outvoted.cluster.service import app
from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard import access, limits
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.headers import POLICY
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service
from tests.cluster.service.guard.conftest import HOST, Opened


def csrf(client: TestClient, keys: Keys) -> str:
    """Return what pages that were given to a browser carry."""
    visitor = keys.sessions.visitor(client.cookies[keys.sessions.cookie])
    assert visitor
    return visitor.csrf


def addresses() -> list[tuple[str, str]]:
    """Return each method and address that is served."""
    routers = [("/v1", router) for router in app._API] + [("", router) for router in app._PAGES]
    return [
        (method, re.sub(r"\{[^}]*\}", "1", prefix + route.path))
        for prefix, router in routers
        for route in router.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def test_a_stranger_sees_nothing_but_the_way_in(opened: Opened) -> None:
    stranger = opened()
    assert addresses()
    for method, path in addresses():
        found = stranger.request(method, path)
        assert access.is_open(path) or found.status_code in (303, 401), (method, path)


def test_what_readers_and_labellers_may_send_is_this_and_no_more() -> None:
    sent = [(method, path) for method, path in addresses() if method not in access.SAFE]
    reading = {path for method, path in sent if access.needed(method, path) == Role.READING}
    labelling = {path for method, path in sent if access.needed(method, path) == Role.LABELLING}
    assert reading == {
        "/v1/vote",
        "/v1/runs/1/render",
        "/v1/runs/1/mistakes/download",
        "/v1/runs/1/mistakes/1/1/replay",
        "/runs/1/mistakes/download",
        "/runs/1/mistakes/1/1/replay",
    }
    assert labelling == {"/v1/runs/1/labels"}


def test_a_browser_is_led_to_the_login_and_back(opened: Opened, keys: Keys) -> None:
    browser = opened()
    away = browser.get("/runs/a?sort=-margin")
    assert away.status_code == 303
    there = urlsplit(away.headers["location"])
    assert there.path == "/login"
    then = parse_qs(there.query)["next"][0]
    assert then == "/runs/a?sort=-margin"
    sent = {"token": keys.tokens.by_role[Role.READING], "next": then}
    back = browser.post("/login", data=sent, headers={"Origin": f"http://{HOST}"})
    assert (back.status_code, back.headers["location"]) == (303, then)
    cookie = back.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Secure" not in cookie
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "", "x", "/ü"]
)
def test_the_login_leads_nowhere_else(opened: Opened, keys: Keys, elsewhere: str) -> None:
    sent = {"token": keys.tokens.by_role[Role.FULL], "next": elsewhere}
    assert opened().post("/login", data=sent).headers["location"] == "/"


def test_a_link_logs_in_once(opened: Opened, keys: Keys) -> None:
    link = keys.link(f"http://{HOST}")
    browser = opened()
    assert browser.get(link).status_code == 200
    assert browser.get("/").status_code == 200
    assert opened().get(link).status_code == 401


def test_a_wrong_token_opens_nothing(opened: Opened) -> None:
    stranger = opened()
    assert stranger.post("/login", data={"token": "wrong"}).status_code == 401
    stranger.headers.update({"Authorization": "Bearer wrong", "Accept": "*/*"})
    found = stranger.get("/v1/runs")
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == "Bearer"


def test_logging_out_ends_the_session(opened: Opened, keys: Keys) -> None:
    browser = opened(browser=Role.FULL)
    found = browser.post("/logout", data={"csrf": csrf(browser, keys)})
    assert found.status_code == 303
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/anything", Role.READING),
        ("HEAD", "/v1/runs", Role.READING),
        ("POST", "/v1/vote", Role.READING),
        ("POST", "/v1/runs/a/mistakes/3/0/replay", Role.READING),
        ("POST", "/v1/runs/a~b/render", Role.READING),
        ("GET", "/v1/runs/a/labels", Role.READING),
        ("POST", "/v1/runs/a/labels", Role.LABELLING),
        ("GET", "/v1/runs/a/labels/sheet", Role.LABELLING),
        ("GET", "/label", Role.LABELLING),
        ("POST", "/label/a", Role.LABELLING),
        ("POST", "/v1/runs/a/labels/import", Role.FULL),
        ("POST", "/v1/runs", Role.FULL),
        ("POST", "/v1/runs/a/stop", Role.FULL),
        ("DELETE", "/v1/runs/a", Role.FULL),
        ("POST", "/start", Role.FULL),
        ("POST", "/v1/runs/a/mistakes/../stop", Role.FULL),
        ("PATCH", "/v1/whatever/comes", Role.FULL),
    ],
)
def test_each_role_may_do_what_it_is_for(opened: Opened, method: str, path: str, role: Role) -> None:
    assert access.needed(method, path) == role
    for one in Role:
        refused = opened(token=one).request(method, path).status_code == 403
        assert refused == (one not in (role, Role.FULL))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8300"},
        {"Origin": "ftp://127.0.0.1:8300"},
        {"Origin": "http://127.0.0.1:99999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_can_send_nothing_in_a_visitors_name(
    opened: Opened, keys: Keys, headers: dict[str, str]
) -> None:
    browser = opened(browser=Role.FULL)
    token = csrf(browser, keys)
    assert browser.post("/v1/runs", headers={**headers, "X-CSRF-Token": token}).status_code == 403
    assert browser.post("/login", data={"token": "x"}, headers=headers).status_code == 403


def test_another_page_can_show_no_image_of_ours(opened: Opened) -> None:
    browser = opened(browser=Role.READING)
    image = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
    assert browser.get("/v1/runs/a/x.png", headers=image).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert browser.get("/", headers=link).status_code == 200


def test_a_form_or_a_script_must_carry_what_its_page_had(opened: Opened, keys: Keys) -> None:
    browser, other = opened(browser=Role.FULL), opened(browser=Role.FULL)
    good, others = csrf(browser, keys), csrf(other, keys)
    assert good != others
    files = {"config": ("a.yaml", b"x: 1")}
    for wrong in ("", others, good[:-1], "ü"):
        assert browser.post("/nowhere", data={"csrf": wrong}).status_code == 403
        assert browser.post("/nowhere", data={"csrf": wrong}, files=files).status_code == 403
    assert browser.post("/v1/nowhere", json={"csrf": good}).status_code == 403
    assert browser.post("/nowhere", data={"csrf": good}).status_code == 404
    assert browser.post("/nowhere", data={"csrf": good}, files=files).status_code == 404
    assert browser.post("/v1/nowhere", json={}, headers={"X-CSRF-Token": good}).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8300", "127.0.0.1.evil.example", "", "a b", "[::1", "127.0.0.2"]
)
def test_only_its_own_names_reach_the_service(opened: Opened, host: str) -> None:
    program = opened(token=Role.FULL)
    assert program.get("/v1/runs", headers={"Host": host}).status_code == 403
    assert program.get("/v1/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8300", "LOCALHOST", "[::1]:8300", "localhost."])
def test_all_its_own_names_reach_it(opened: Opened, host: str) -> None:
    assert opened(token=Role.FULL).get("/", headers={"Host": host}).status_code == 200


def test_every_answer_says_what_browsers_may_do(opened: Opened) -> None:
    program, stranger = opened(token=Role.FULL), opened()
    answers = [program.get("/"), program.get("/nothing"), program.get("/v1/nothing"), stranger.get("/")]
    for answer in [*answers, stranger.get("/login"), stranger.get("/assets/page.css"), stranger.get("/v1/x")]:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/" + "a" * 17_000, {}, 414),
        ("GET", "/?" + "a" * 17_000, {}, 414),
        ("GET", "/", {f"X-{number}": "1" for number in range(120)}, 431),
        ("GET", "/", {"X-Long": "x" * 40_000}, 431),
        ("GET", "/runs/..%2f..%2fetc", {}, 404),
        ("GET", "/runs/%2e%2e/x", {}, 404),
        ("GET", "/runs/a%5cb", {}, 404),
        ("GET", "/runs/a%00b", {}, 404),
        ("POST", "/v1/runs", {"Content-Length": "99999999999999999999999999"}, 413),
    ],
    ids=range(9),
)
def test_what_no_visitor_sends_is_refused(
    opened: Opened, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert opened(token=Role.FULL).request(method, path, headers=headers).status_code == status


def test_no_more_is_read_than_is_taken(opened: Opened) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    program = opened(token=Role.FULL)
    found = program.post(
        "/login", content=pieces(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert found.status_code == 413


def test_who_asks_too_often_is_told_when_to_ask_again(service: Service) -> None:
    keys = Keys.at(service.runs, names_of("127.0.0.1", ()), limits.Rates(any=5, strangers=3, changing=2))
    with TestClient(guarded(application(service), keys), base_url=f"http://{HOST}") as client:
        bearer = {"Authorization": f"Bearer {keys.tokens.by_role[Role.FULL]}"}
        assert [client.get("/v1/health").status_code for _ in range(4)] == [200, 200, 200, 429]
        changes = [client.post("/v1/nothing", headers=bearer).status_code for _ in range(3)]
        assert changes == [404, 404, 429]
        found = [client.get("/v1/nothing", headers=bearer) for _ in range(3)][-1]
        assert found.status_code == 429
        assert 1 <= int(found.headers["retry-after"]) <= 10
        assert set(found.json()["error"]) == {"expected", "found", "remedy"}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_network_of_ipv6_is_one_client(address: str, counted: str) -> None:
    assert limits.counted_as(address) == counted


def test_forwarded_headers_count_only_from_a_trusted_proxy(service: Service, keys: Keys) -> None:
    sent = {"token": keys.tokens.by_role[Role.FULL]}
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.9.9.9"}
    for proxies, secure in (((), False), (("testclient",), True), (("10.0.0.1",), False)):
        behind = guarded(application(service), keys, proxies)
        with TestClient(behind, base_url=f"http://{HOST}", follow_redirects=False) as client:
            cookie = client.post("/login", data=sent, headers=forwarded).headers["set-cookie"]
            assert ("Secure" in cookie) == secure
