"""Runs made elsewhere obey the same laws, whoever makes them: a cluster by its dashboard, or a service."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from outvoted.cluster.command_line import remote
from outvoted.cluster.command_line.remote import Wherever
from outvoted.cluster.console import records
from outvoted.cluster.console.records import RunBegan, TaskAt
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.kinds import keys_in
from outvoted.cluster.python.submitted import RemoteService, connect
from outvoted.cluster.service.app import application
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.tokens import FILES, FOLDER
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.service import Service
from outvoted.cluster.submitting import on_server, server
from outvoted.cluster.submitting.elsewhere import Elsewhere
from outvoted.cluster.submitting.on_cluster import ClusterRuns
from outvoted.cluster.submitting.on_server import ServerRuns
from outvoted.cluster.submitting.server import TOKEN_FILE, Server, server_url, token_for, travels_openly
from outvoted.cluster.submitting.submitting import Submission
from outvoted.cluster.submitting.watching import exit_code, watch
from outvoted.search.errors import OutvotedError
from tests.cluster.service.runs import SMALL
from tests.cluster.service.serving import served
from tests.cluster.submitting.pretended import PretendedCluster

TASK = TaskAt(task=0, name="searches", done=5, of=10, details="1 mistake", at=2.5)


def _log() -> str:
    told = Terminal()
    told.file = io.StringIO()
    told.print("Ray says something")
    records.write(told, RunBegan(kind="mine", place="/r/a", version="other"))
    told.print("computing on CPUs")
    records.write(told, TASK, "searches  5/10  1 mistake")
    told.print("done")
    return told.file.getvalue()


@dataclass
class World:
    """Where runs are made; ``end`` has one end."""

    there: Elsewhere
    jobs: PretendedCluster
    forget: Callable[[], None]

    def ends(self, name: str, state: str, code: int | None = None, said: str = "") -> None:
        self.jobs.said[name] = _log()
        self.jobs.ends(name, state, code, said)
        self.forget()

    def submit(self, file: Path, name: str = "a", **more: Any) -> Any:
        wanted = Submission("mine", file, keys_in(file, "mine"), name, without=None, **more)
        return self.there.submit(wanted, Terminal(quiet=True))


@pytest.fixture
def token(service: Service) -> str:
    keys = Keys.at(service.runs, names_of("localhost", ()))
    return keys.tokens.by_role[Role.FULL]


@pytest.fixture
def url(service: Service, token: str) -> Iterator[str]:
    """A service that listens, behind its gate."""
    keys = Keys.at(service.runs, names_of("127.0.0.1", ()))
    with served(guarded(application(service), keys)) as address:
        yield address


@pytest.fixture(params=["cluster", "server"])
def world(request: pytest.FixtureRequest, service: Service, cluster: PretendedCluster, token: str) -> World:
    if request.param == "cluster":
        return World(ClusterRuns(cluster), cluster, lambda: None)
    url = request.getfixturevalue("url")
    return World(ServerRuns(Server(url, token)), cluster, service.table.forget)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("c.yaml").write_text(yaml.safe_dump(SMALL))
    return Path("c.yaml")


def test_a_run_is_made_with_what_it_was_submitted_with(world: World, file: Path) -> None:
    seen = world.submit(file, override=("search.per_target=7",))
    assert not seen.ended
    assert (seen.id, world.there.run("a").id) == ("a", "a")
    assert list(world.jobs.known) == ["a"]
    assert "outvoted mine outvoted-config/" in world.jobs.entries["a"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"override": ("search.per_target=0",)}, "search.per_target"),
        ({"override": ("serch.per_target=1",)}, "serch"),
        ({"override": ("search.targets=[nobody]",)}, "nobody"),
        ({"name": "a b"}, "letters, digits"),
        ({"runs": "relative"}, "--runs"),
    ],
)
def test_what_the_run_would_refuse_is_refused_and_nothing_starts(
    world: World, file: Path, more: dict[str, Any], expected: str
) -> None:
    with pytest.raises(OutvotedError, match=expected):
        world.submit(file, **more)
    assert not world.jobs.known


def test_a_name_whose_run_lives_is_taken(world: World, file: Path) -> None:
    world.submit(file)
    with pytest.raises(OutvotedError, match=r"under way|running"):
        world.submit(file)
    assert list(world.jobs.known) == ["a"]


def test_no_run_is_no_run(world: World) -> None:
    with pytest.raises(OutvotedError, match="nothing"):
        world.there.run("nothing")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_is_watched_to_its_end_with_the_same_lines_and_bars(
    world: World, file: Path, terminal: bool
) -> None:
    world.submit(file)
    world.ends("a", "SUCCEEDED", 0)
    console = Terminal()
    console._force_terminal = terminal
    console.file = io.StringIO()
    for _ in range(2):  # and again by who comes back
        ended = watch(world.there, world.there.run("a"), console)
        assert exit_code(ended) == 0
    said = console.file.getvalue()
    assert said.count("computing on CPUs") == said.count("done\n") == 2
    assert "Ray says" not in said
    assert ("\u2501" in said) is terminal
    assert ("searches  5/10  1 mistake" in said) is not terminal


def test_what_a_run_says_is_shown_while_it_goes_on(world: World, file: Path) -> None:
    """Not only in the end: who watches is told at once."""
    world.submit(file)
    world.jobs.said["a"] = _log()
    console = Terminal()
    console.file = io.StringIO()
    ending = threading.Timer(3.0, lambda: world.ends("a", "SUCCEEDED", 0))
    watching = threading.Thread(target=watch, args=(world.there, world.there.run("a"), console))
    watching.start()
    ending.start()
    try:
        until = time.monotonic() + 2.5
        while "computing" not in console.file.getvalue() and time.monotonic() < until:
            time.sleep(0.05)
        assert "computing" in console.file.getvalue()
        assert ending.is_alive()
    finally:
        ending.join()
        watching.join(20)


def test_a_watch_ends_as_its_run(world: World, file: Path) -> None:
    world.submit(file)
    codes = []
    for state, code in (("SUCCEEDED", 0), ("FAILED", 2), ("STOPPED", None)):
        world.ends("a", state, code)
        codes.append(exit_code(world.there.run("a")))
    assert codes == [0, 2, 130]
    world.ends("a", "FAILED", None, "Job supervisor actor died: node gone")
    with pytest.raises(OutvotedError, match="node gone") as caught:
        exit_code(world.there.run("a"))
    assert "--resume" in caught.value.remedy


def test_a_log_holds_what_was_said_and_no_records(world: World, file: Path) -> None:
    seen = world.submit(file)
    world.ends("a", "SUCCEEDED", 0)
    said = world.there.log(seen)
    assert said.splitlines()[-1] == "done"
    assert records.MARK not in said


def test_a_run_is_stopped(world: World, file: Path) -> None:
    seen = world.submit(file)
    world.there.stop(seen)
    world.forget()
    assert world.there.now(seen).state == "STOPPED"


def test_a_token_that_is_missing_or_wrong_is_said(url: str, token: str) -> None:
    for given, found in ((None, "none was sent"), ("x" * 43, "refuses")):
        with pytest.raises(OutvotedError, match=found):
            Server(url, given).json("GET", "/v1/runs")
    assert Server(url, token).json("GET", "/v1/runs")["total"] == 0


def test_a_token_is_found_where_it_is_kept(
    url: str, token: str, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTVOTED_TOKEN", raising=False)
    assert Path(FOLDER) / FILES[Role.FULL] == TOKEN_FILE
    assert token_for(url, None, service.runs) == token
    assert token_for("https://example.org", None, service.runs) is None
    monkeypatch.setenv("OUTVOTED_TOKEN", "other")
    assert token_for(url, None, service.runs) == "other"
    (tmp_path / "file").write_text("third\n")
    assert token_for(url, tmp_path / "file", service.runs) == "third"
    with pytest.raises(OutvotedError, match="--token-file"):
        token_for(url, tmp_path / "none", service.runs)


@pytest.mark.parametrize(
    "given", ["", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x:0x1", "a b"]
)
def test_what_is_no_url_is_refused(given: str) -> None:
    with pytest.raises(OutvotedError, match="http://127"):
        server_url(given)


def test_urls_are_understood() -> None:
    assert server_url(" localhost:8300/ ") == "http://localhost:8300"
    assert [travels_openly(url) for url in ("http://127.0.0.1:1", "http://[::1]:1", "http://10.0.0.1")] == [
        False,
        False,
        True,
    ]


def test_whoever_answers_there_may_be_somebody_else(url: str) -> None:
    with pytest.raises(OutvotedError, match="nothing that listens"):
        Server("http://127.0.0.1:9").json("GET", "/v1/runs")
    with pytest.raises(OutvotedError, match="something else"):
        Server(f"{url}/assets").json("GET", "/icon.svg")


def test_whoever_looks_too_often_waits_and_whoever_changes_something_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(server, "time", SimpleNamespace(sleep=waited.append))

    async def answer(request: Request) -> JSONResponse:
        if request.method == "GET" and len(waited) == 2:
            return JSONResponse({})
        error = {"expected": "less", "found": "too much", "remedy": "wait"}
        return JSONResponse({"error": error}, 429, {"Retry-After": "7"})

    with served(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as url:
        assert Server(url).json("GET", "/v1/runs") == {}
        assert waited == [7.0, 7.0]
        with pytest.raises(OutvotedError, match="too much"):
            Server(url).ask("POST", "/v1/runs", {})
    assert len(waited) == 2


def test_commands_want_one_place() -> None:
    for where in (Wherever(), Wherever("http://a", "http://b")):
        with pytest.raises(OutvotedError, match="--server"):
            where.reached()


def test_a_run_comes_back_to_python_as_if_it_had_been_made_here(
    url: str,
    token: str,
    service: Service,
    cluster: PretendedCluster,
    run_path: Path,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    monkeypatch.setattr(on_server, "_PAUSE_SECONDS", 0.0)
    service_there: RemoteService = connect(url, token, progress=False)
    run = service_there.submit(SMALL, "search.per_target=7", name="a")
    assert run.state == "under way"
    shutil.copytree(run_path, service.runs / "a")
    cluster.said["a"] = _log()
    cluster.ends("a", "SUCCEEDED", 0)
    service.table.forget()
    events = list(run.events())
    assert [event.text for event in events if event.task is None] == ["computing on CPUs", "done"]
    assert [(event.task, event.done, event.total) for event in events if event.task] == [("searches", 5, 10)]
    found = run.result()
    assert found.path == Path("runs/a")
    assert (Path("runs/a") / "run.json").read_bytes() == (run_path / "run.json").read_bytes()
    assert len(found.mistakes) > 0
    assert service_there.run("a").name == "a"


def test_a_run_that_failed_says_why_in_python(
    url: str, token: str, service: Service, cluster: PretendedCluster, file: Path
) -> None:
    run = connect(url, token, progress=False).submit(str(file), name="a")
    cluster.said["a"] = _log() + "error\nexpected: a disk\nfound: none\n"
    cluster.ends("a", "FAILED", 2)
    service.table.forget()
    with pytest.raises(OutvotedError, match="found: none") as caught:
        run.result()
    assert "--resume" in caught.value.remedy


def test_commands_against_a_service_exit_as_the_run_does(
    url: str,
    token: str,
    service: Service,
    cluster: PretendedCluster,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OUTVOTED_TOKEN", token)
    where = Wherever(server=url)
    remote.submit_run(Submission("mine", file, keys_in(file, "mine"), "a"), where, stays=False)
    said = capsys.readouterr().out
    assert f"outvoted watch a --server {url}" in said
    assert token not in said
    remote.stop_run("a", where)
    assert "been stopped" in capsys.readouterr().out
    with pytest.raises(typer.Exit) as left:
        remote.watch_run("a", where)
    assert left.value.exit_code == 130
