"""Whoever watches a run sees what it says, once and in order, whatever happens to the connection."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest

from outvoted.cluster.console import records
from outvoted.cluster.console.records import RunBegan, TaskAt
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.submitting import logs
from outvoted.cluster.submitting.logs import lines, plain
from outvoted.cluster.submitting.on_cluster import ClusterRuns
from outvoted.cluster.submitting.watching import exit_code, watch
from outvoted.search.errors import OutvotedError
from tests.cluster.submitting.pretended import PretendedCluster

BEGAN = RunBegan(kind="mine", place="/r/a", version="other")
TASK = TaskAt(task=0, name="searches", done=5, of=10, details="1 mistake", at=2.5)


def _log() -> str:
    told = Terminal()
    told.file = io.StringIO()
    told.print("Ray says something", soft_wrap=True)
    records.write(told, BEGAN)
    told.print("computing on CPUs")
    records.write(told, TASK, "searches  5/10  1 mistake")
    told.print("done")
    return told.file.getvalue()


@pytest.fixture
def cluster() -> PretendedCluster:
    """A run that has ended well."""
    found = PretendedCluster()
    found.submit("a", "", Path("/nowhere"), {}, {"again": "outvoted submit c.yaml --resume"})
    found.said["a"] = _log()
    found.ends("a", "SUCCEEDED", 0)
    return found


def _watched(cluster: PretendedCluster, **how: bool) -> str:
    console = Terminal()
    console._force_terminal = how.get("terminal", False)
    console.file = io.StringIO()
    watch(ClusterRuns(cluster), cluster.job("a"), console)
    return console.file.getvalue()


async def _all_lines(cluster: PretendedCluster) -> list[str | None]:
    return [said async for said, _ in lines(cluster, "a")]


def test_lines_come_once_though_the_connection_breaks(
    cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    cluster.breaks = 3
    found = asyncio.run(_all_lines(cluster))
    assert found == ["Ray says something", None, "computing on CPUs", "searches  5/10  1 mistake", "done"]


def test_a_cluster_that_is_gone_for_long_is_told(
    cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    monkeypatch.setattr(logs, "UNREACHABLE_SECONDS", -1.0)
    cluster.known["a"] = replace(cluster.job("a"), state="RUNNING")
    cluster.breaks = 1
    with pytest.raises(OutvotedError, match="though the cluster answers"):
        _watched(cluster)
    cluster.breaks, cluster.away = 1, True
    with pytest.raises(OutvotedError, match="nothing that listens there"):
        asyncio.run(_all_lines(cluster))


def test_a_run_that_ended_with_its_log_is_not_waited_for(
    cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    cluster.breaks = 100
    assert "computing on CPUs" in _watched(cluster)


def test_it_is_said_that_a_cluster_is_away_and_that_it_is_back(
    cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    monkeypatch.setattr(logs, "_SAID_SECONDS", 0.0)
    cluster.breaks = 3
    said = _watched(cluster).splitlines()
    about = [line for line in said if cluster.address in line]
    assert "nothing has come from" in about[0]
    assert "answers again" in about[1]
    assert [line for line in said if line not in about][1:] == _watched(cluster).splitlines()[1:]


def test_a_connection_that_gives_nothing_any_more_is_made_again(
    cluster: PretendedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.0)
    monkeypatch.setattr(logs, "_QUIET_SECONDS", 0.01)
    cluster.stands = 1
    assert _watched(cluster).splitlines()[-1] == "done"


def test_without_a_terminal_the_runs_own_lines_are_printed_and_rays_are_not(
    cluster: PretendedCluster,
) -> None:
    said = _watched(cluster).splitlines()
    assert said[0].startswith("warning: the cluster has outvoted other")
    assert said[1:] == ["computing on CPUs", "searches  5/10  1 mistake", "done"]


def test_on_a_terminal_progress_is_a_bar(cluster: PretendedCluster) -> None:
    said = _watched(cluster, terminal=True)
    assert "5/10" in said
    assert "\u2501" in said
    assert "searches  5/10  1 mistake" not in said
    assert "Ray says" not in said


def test_a_run_that_never_began_shows_what_ray_said(cluster: PretendedCluster) -> None:
    cluster.said["a"] = "Ray says something\nsh: outvoted: not found"
    assert _watched(cluster).splitlines() == ["Ray says something", "sh: outvoted: not found"]


def test_a_watch_ends_as_its_run(cluster: PretendedCluster) -> None:
    ended = []
    for state, code in (("SUCCEEDED", 0), ("FAILED", 2), ("FAILED", 137), ("STOPPED", None)):
        cluster.ends("a", state, code)
        ended.append(exit_code(cluster.job("a")))
    assert ended == [0, 2, 137, 130]


def test_a_lost_run_is_told_with_how_it_goes_on(cluster: PretendedCluster) -> None:
    cluster.ends("a", "FAILED", None, "Job supervisor actor died: node gone")
    with pytest.raises(OutvotedError, match="node gone") as caught:
        exit_code(cluster.job("a"))
    assert "outvoted submit c.yaml --resume" in caught.value.remedy
    cluster.ends("a", "FAILED", None, "Unexpected error occurred: failed to get job supervisor.")
    with pytest.raises(OutvotedError, match="lost with the machine it was on"):
        exit_code(cluster.job("a"))
    cluster.ends("a", "FAILED", 127)
    with pytest.raises(OutvotedError, match="PATH"):
        exit_code(cluster.job("a"))


def test_logs_hold_no_records(cluster: PretendedCluster) -> None:
    assert records.MARK not in plain(cluster.log("a"))
    assert plain(cluster.log("a")).splitlines()[-1] == "done"
