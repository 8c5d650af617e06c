import json
import socket
import time
from pathlib import Path

import pytest

from outvoted.cluster.command_line import serving as command
from outvoted.cluster.service import reports
from outvoted.cluster.service.connection import Connection
from outvoted.cluster.service.errors import BusyError, NotFoundError
from outvoted.cluster.service.local_cluster import LocalCluster
from outvoted.cluster.service.reports import report_of
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.serving import listening, sole_service
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.search.errors import OutvotedError
from tests.cluster.service.runs import recorded
from tests.cluster.submitting.pretended import PretendedCluster


def test_a_folder_has_one_service_and_a_killed_one_keeps_nobody_out(tmp_path: Path) -> None:
    settings = ServiceSettings(runs=tmp_path / "runs")
    with sole_service(settings) as note:
        note("http://127.0.0.1:1")
        with pytest.raises(OutvotedError, match=r"http://127\.0\.0\.1:1"), sole_service(settings):
            pass
    assert json.loads((settings.own / "serving.json").read_bytes())["url"] == "http://127.0.0.1:1"
    with sole_service(settings):
        pass


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = ServiceSettings(runs=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(OutvotedError, match="--port"), listening(settings):
            pass


class _Local(LocalCluster):
    """Is connected at once to a pretended cluster; counts how often it is ended."""

    def __init__(self, own: Path, jobs: PretendedCluster) -> None:
        super().__init__(own)
        self.jobs, self.ended = jobs, 0

    def connect(self) -> PretendedCluster:
        """Return it."""
        return self.jobs

    def is_lost(self) -> bool:
        """Return False."""
        return False

    def end(self) -> bool:
        """Count."""
        self.ended += 1
        return True


@pytest.mark.parametrize("state", [None, "RUNNING", "SUCCEEDED"])
def test_ray_is_ended_with_the_service_unless_runs_go_on(
    tmp_path: Path, state: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs, settings = PretendedCluster(), ServiceSettings(runs=tmp_path)
    if state is not None:
        jobs.submit("a", "", tmp_path, {}, {"runs": str(tmp_path)})
        jobs.ends("a", state)
    cluster = _Local(settings.own, jobs)
    connection = Connection(cluster)
    connection.begin()
    until = time.monotonic() + 10
    while not connection.is_made:
        assert time.monotonic() < until
        time.sleep(0.01)
    command._leave(settings, cluster, connection)
    connection.end()
    assert cluster.ended == (state != "RUNNING")
    said = capsys.readouterr().err
    assert ("a: under way" in said) == ("--stop" in said) == (state == "RUNNING")


def test_a_report_is_made_where_the_run_has_gone_on_and_once_for_all_who_ask(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, drawn = recorded(service, "a"), list[Path]()

    def draw(path: Path) -> None:
        drawn.append(path)
        (path / "report.html").write_text("report")

    monkeypatch.setattr(reports, "_draw", draw)
    monkeypatch.setattr(reports, "_FRESH_SECONDS", 0)
    assert report_of(service, "a").read_text() == "report"
    report_of(service, "a")
    assert drawn == [run.path]
    recorded(service, "a")
    report_of(service, "a")
    assert drawn == [run.path, run.path]
    with pytest.raises(NotFoundError):
        report_of(service, "b")


def test_a_link_in_the_place_of_a_report_is_not_followed(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded(service, "a")
    (tmp_path / "secret").write_text("secret")
    (run.path / "report.html").symlink_to(tmp_path / "secret")

    def draw(path: Path) -> None:
        raise OutvotedError("a run without links", "a link", "remove it")

    monkeypatch.setattr(reports, "_draw", draw)
    with pytest.raises(OutvotedError, match="without links"):
        report_of(service, "a")


def test_who_asks_for_a_report_while_many_are_made_is_told_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(service, "a")
    monkeypatch.setattr(reports, "_WAIT_SECONDS", 0.01)
    with reports._taken(reports._drawing, 0), pytest.raises(BusyError):
        report_of(service, "a")
