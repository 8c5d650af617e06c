"""Every page: whole, escaped, of the one look, and right about what it shows."""

import re
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outvoted.actors.runs.run_folder import ProgressRecord, RunRecord, State
from outvoted.cluster.service.pages import live_reports
from outvoted.cluster.service.pages.presented import Presented
from outvoted.cluster.service.pages.presenting import present, present_two
from outvoted.cluster.service.service import Service
from tests.cluster.service.pages.test_assets import POLICY
from tests.cluster.service.runs import recorded
from tests.cluster.submitting.pretended import PretendedCluster

HOSTILE = "x\"'><script>alert(1)</script>{{1234*1001}}"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are made in this process, before anybody is told that there are none yet."""

    class AtOnce(live_reports.LiveReports):
        def of(self, allow_code: bool, *paths: Path, rest: bool = False) -> tuple[Presented, bool]:
            first, *others = paths
            return present_two(first, others[0], allow_code) if others else present(first, allow_code), True

    monkeypatch.setattr("outvoted.cluster.service.pages.run.RESULTS", AtOnce(live_reports._made_apart))
    monkeypatch.setattr("outvoted.cluster.service.pages.compare.RESULTS", AtOnce(live_reports._made_apart))


@pytest.fixture
def small(service: Service, run_path: Path) -> str:
    shutil.copytree(run_path, service.runs / "small")
    return "small"


class Outline(HTMLParser):
    """What assistive technology needs of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.labels: set[str] = set()
        self.asked: list[str] = []
        self.links: list[str] = []
        self.within = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.within += tag == "label"
        if given.get("id"):
            assert given["id"] not in self.names, f"two of {given['id']}"
            self.names.add(str(given["id"]))
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        visible = tag in ("select", "textarea") or (tag == "input" and given.get("type") != "hidden")
        if visible and not self.within and "aria-label" not in given:
            self.asked.append(str(given.get("id")))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        self.within -= tag == "label"


PAGES = (
    *("/", "/start", "/start?ready=mnist", "/start?ready=compare-mnist&as=yaml", "/start?as=yaml&kind=scan"),
    *("/runs/small", "/runs/small/extend", "/compare", "/compare?a=small&b=other", "/nothing"),
)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_landmarks_a_heading_and_labels_and_nothing_inline(
    client: TestClient, service: Service, small: str, address: str
) -> None:
    recorded(service, "other")
    text = client.get(address).text
    outline = Outline(text)
    for tag, many in (("main", 1), ("h1", 1), ("title", 1)):
        assert outline.tags.count(tag) == many, tag
    assert {"header", "nav"} <= set(outline.tags)
    assert not set(outline.asked) - outline.labels
    assert not POLICY.search(text)


def test_links_lead_somewhere(client: TestClient, service: Service, small: str) -> None:
    recorded(service, "other")
    seen: set[str] = set()
    for address in PAGES[:-1]:
        for link in Outline(client.get(address).text).links:
            if link.startswith("/") and not link.startswith("/v1") and link not in seen:
                seen.add(link)
                assert client.get(link).status_code == 200, (address, link)
    assert len(seen) > 10


def test_hostile_words_stay_words(client: TestClient, service: Service) -> None:
    task = ProgressRecord(task=HOSTILE, done=1, total=3, details=HOSTILE, mistakes=1)
    store = recorded(service, "odd", State.FAILED, message=HOSTILE, progress=(task,))
    record = store.read_record()
    record.config["search"][HOSTILE] = HOSTILE
    store.write_record(record.model_copy(update={"versions": {HOSTILE: HOSTILE}}))
    recorded(service, "other")
    for address in ("/", "/runs/odd", "/compare?a=odd&b=other", f"/?q={HOSTILE}", f"/runs/{HOSTILE}"):
        text = client.get(address).text
        assert "<script>alert" not in text, address
        assert "1235234" not in text, address
    posted = {"ready": "mnist", "name": HOSTILE, "set.search.patience": HOSTILE, "do": "check"}
    for sent in (posted, {"config": HOSTILE, "do": "check"}):
        assert "<script>alert" not in client.post("/start", data=sent).text


def test_the_first_page_of_all_says_what_this_is_and_starts_the_digits(
    client: TestClient, cluster: PretendedCluster
) -> None:
    text = client.get("/").text
    assert "Mine the packaged digits" in text
    sent = dict(re.findall(r'<input type="hidden" name="(ready|name|do)" value="(\w+)">', text))
    found = client.post("/start", data=sent, follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, "/runs/mnist")
    assert len(cluster.known) == 1
    assert "pending" in client.get("/runs/mnist").text
    assert "mnist" in client.get("/").text


def test_a_run_is_started_from_a_form_with_what_was_changed_alone(
    client: TestClient, cluster: PretendedCluster, service: Service
) -> None:
    sent = {
        "ready": "mnist",
        "name": "mine",
        "set.search.patience": "17",
        "set.search.seed": "0",
        "do": "start",
    }
    assert client.post("/start", data=sent, follow_redirects=False).status_code == 303
    written = next(service.settings.own.rglob("mine.yaml")).read_text("utf-8")
    assert "patience: 17" in written


def test_what_is_wrong_with_yaml_is_said_at_its_line(client: TestClient, cluster: PretendedCluster) -> None:
    text = "data: {name: mnist-sample}\r\nsearch:\r\n  patience: 0\r\n  per_target: 0\r\n"
    for do in ("check", "start"):
        found = client.post("/start", data={"config": text, "do": do})
        assert found.status_code == 422
        assert re.findall(r"data-line=\"(\d+)\"", found.text) == ["3", "4"]
        assert "patience: 0" in found.text
    found = client.post("/start", data={"config": "a: [", "do": "check"})
    assert re.findall(r"data-line=\"(\d+)\"", found.text) == ["1"]
    assert not cluster.known


def test_what_is_wrong_with_a_form_is_said_at_its_field(client: TestClient) -> None:
    sent = {"ready": "mnist", "name": "x", "set.search.patience": "0", "do": "check"}
    text = client.post("/start", data=sent).text
    assert re.search(r'id="set\.search\.patience"[^>]*aria-invalid="true"', text)


@pytest.mark.parametrize(
    "value", ["\x00", "1e999", "[", "\ud7ff", "x" * 9999, "no: 1", '"', "'", "!!python/none"]
)
def test_odd_values_of_a_form_are_answered(client: TestClient, cluster: PretendedCluster, value: str) -> None:
    for key in ("data.name", "search.transform.kind", "search.strategy.kind", "search.patience", "referee?"):
        for do in ("yaml", "check", "show"):
            sent = {"ready": "mnist", "name": "x", f"set.{key}": value, "do": do}
            assert client.post("/start", data=sent).status_code in (200, 422), (key, do)
    for do in ("yaml", "show", "check"):
        assert client.post("/start", data={"config": value, "do": do}).status_code in (200, 422), do
    assert not cluster.known


def test_a_form_becomes_yaml_with_what_was_changed(client: TestClient) -> None:
    same = client.post("/start", data={"ready": "mnist", "name": "x", "do": "yaml"}).text
    assert "# Mine the digits" in same
    other = client.post("/start", data={"ready": "mnist", "do": "yaml", "set.search.patience": "17"}).text
    assert "patience: 17" in other


def test_a_run_shows_its_figures_tables_and_plots(client: TestClient, small: str, record: RunRecord) -> None:
    text = client.get("/runs/small").text
    assert "high-value mistakes" in text
    assert text.count("data-plot=") == 2
    assert "<table" in text
    assert "data:image" not in text


def test_stopping_resuming_and_extending_are_told(
    client: TestClient, service: Service, cluster: PretendedCluster
) -> None:
    client.post("/start", data={"ready": "mnist", "name": "mine", "do": "start"})
    (job,) = cluster.known
    found = client.post("/runs/mine/stop")
    assert found.history
    assert "asked to stop" in found.text
    assert cluster.known[job].ended
    recorded(service, "mine", State.INTERRUPTED)
    assert "goes on" in client.post("/runs/mine/resume").text
    assert client.post("/runs/mine/resume").status_code == 409
    cluster.ends(list(cluster.known)[-1], "STOPPED")
    service.table.forget()
    found = client.post("/runs/mine/extend", data={"set.search.per_target": "0"})
    assert (found.status_code, "per_target" in found.text) == (422, True)
    assert "goes on" in client.post("/runs/mine/extend", data={"set.search.per_target": "40"}).text


def test_readers_see_no_buttons_that_they_may_not_press(
    service: Service, client: TestClient, small: str
) -> None:
    app = client.app

    async def reading(scope, receive, send):  # type: ignore[no-untyped-def]
        scope.setdefault("state", {})["may_write"] = False
        await app(scope, receive, send)

    reader = TestClient(reading, base_url="http://127.0.0.1:8300")
    for address in ("/", "/runs/small", "/start?ready=mnist"):
        text = reader.get(address).text
        assert not re.search(r'value="start"|/extend"|class="button primary"', text), address


def test_pictures_are_the_runs_own_pngs(client: TestClient, service: Service, tmp_path: Path) -> None:
    store = recorded(service, "drawn")
    png = b"\x89PNG\r\n\x1a\n"
    (store.path / "gallery").mkdir()
    (store.path / "gallery" / "one.png").write_bytes(png)
    (store.path / "gallery" / "text.png").write_bytes(b"<script>")
    (tmp_path / "other.png").write_bytes(png)
    (store.path / "gallery" / "link.png").symlink_to(tmp_path / "other.png")
    (store.path / "linked").symlink_to(tmp_path)
    assert client.get("/runs/drawn/pictures/gallery/one.png").content == png
    for place in (
        "gallery/text.png",
        "gallery/link.png",
        "linked/other.png",
        "run.json",
        "..%2f..%2fother.png",
    ):
        assert client.get(f"/runs/drawn/pictures/{place}").status_code == 404, place


def test_two_runs_are_told_apart(client: TestClient, service: Service, run_path: Path) -> None:
    for name, patience in (("small", 40), ("other", 41)):
        store = shutil.copytree(run_path, service.runs / name)
        text = (store / "run.json").read_text("utf-8")
        (store / "run.json").write_text(re.sub(r'"patience": \d+', f'"patience": {patience}', text), "utf-8")
    text = client.get("/compare?run=small&run=other").text
    assert "search.patience" in text
    assert "Target by target" in text
    assert "Cost and variety" in text


def test_a_thousand_runs_are_listed_a_hundred_at_a_time_and_soon(
    client: TestClient, service: Service
) -> None:
    first = recorded(service, "run-0")
    text = (first.path / "run.json").read_text("utf-8")
    for number in range(1, 1000):
        (service.runs / f"run-{number}").mkdir()
        (service.runs / f"run-{number}" / "run.json").write_text(text, "utf-8")
    client.get("/")
    began = time.perf_counter()
    found = client.get("/?sort=name&part=list").text
    assert time.perf_counter() - began < 2
    assert found.count('class="name"') == 100
    assert client.get("/?q=run-999&part=list").text.count('class="name"') == 1
    assert client.get("/?skip=950&part=list").text.count('class="name"') == 100
