"""A run's jobs: their ids, what they run, what is refused."""

import shlex
import subprocess
from pathlib import Path

import pytest

from outvoted.cluster.submitting.entry import Entry, attempts, job_name, newest, next_id, runs_folder
from outvoted.search.errors import OutvotedError
from tests.cluster.submitting.pretended import PretendedCluster

NASTY = ("a b", "it's", '"x"', "$HOME", "`id`", "a;b", "a\nb", "*", "~")


def _submitted(*ids: str) -> PretendedCluster:
    cluster = PretendedCluster()
    for one in ids:
        cluster.submit(one, "", Path("/nowhere"), {}, {})
    return cluster


def test_a_name_is_a_job_of_its_own_and_later_attempts_are_numbered() -> None:
    cluster = _submitted("a", "a@2", "a@3x", "b", "a@10", "ab@2")
    assert [one.id for one in attempts(cluster, "a")] == ["a", "a@2", "a@10"]
    assert newest(cluster, "b").id == "b"
    cluster.stop("a@10")
    assert next_id(cluster, "a") == "a@11"
    assert next_id(cluster, "new") == "new"


def test_a_living_name_is_refused() -> None:
    cluster = _submitted("a")
    with pytest.raises(OutvotedError, match="no living run 'a'"):
        next_id(cluster, "a")
    cluster.ends("a", "FAILED", 2)
    assert next_id(cluster, "a") == "a@2"


def test_an_unknown_run_is_told_with_those_there_are() -> None:
    with pytest.raises(OutvotedError, match="a run 'b' that was submitted"):
        newest(_submitted("a"), "b")


@pytest.mark.parametrize(
    "name", [*NASTY, "", "a@2", "a/b", "..", "-a", "a.", "a" * 101, "\u00e4", "a?", "a#", "a%2f"]
)
def test_names_that_no_url_takes_as_they_are_are_refused(name: str) -> None:
    with pytest.raises(OutvotedError, match="choose another --name"):
        job_name(name, "--name")
    assert job_name("a-1_B.2", "--name") == "a-1_B.2"


@pytest.mark.parametrize("given", ["runs", "./x", "~/x", "", "s3:x"])
def test_a_relative_folder_of_runs_is_refused(given: str) -> None:
    with pytest.raises(OutvotedError, match="an absolute folder on the cluster"):
        runs_folder(given)
    assert [runs_folder(one) for one in (None, "/shared/runs", "s3://b/c")] == [
        None,
        "/shared/runs",
        "s3://b/c",
    ]


def _ran(entry: Entry, tmp_path: Path, ends: str) -> tuple[int, list[list[str]]]:
    """Run a job's command with an `outvoted` that notes its arguments, and ends as it is told."""
    tool = tmp_path / "bin" / "outvoted"
    tool.parent.mkdir()
    tool.write_text(
        f'#!/bin/sh\nfor one in "$@"; do printf "%s\\0" "$one"; done >> {tmp_path}/said; printf "\\001" >> '
        f"{tmp_path}/said\n{ends}\n"
    )
    tool.chmod(0o755)
    command = entry.command.replace("sleep 5", "sleep 0")
    surroundings = {"PATH": f"{tool.parent}:/usr/bin:/bin", "HOME": "/home/x"}
    code = subprocess.run(
        ["/bin/sh", "-c", command], env=surroundings, capture_output=True, check=False
    ).returncode
    calls = (tmp_path / "said").read_text().split("\1")[:-1]
    return code, [call.split("\0")[:-1] for call in calls]


@pytest.mark.parametrize("text", NASTY)
def test_whatever_is_set_arrives_as_it_was_typed(text: str, tmp_path: Path) -> None:
    entry = Entry("mine", f"c/{text}.yaml", "x", (f"a={text}",), f"/r/{text}")
    code, calls = _ran(entry, tmp_path, "exit 0")
    want = [
        "mine",
        f"c/{text}.yaml",
        "--name",
        "x",
        "--address",
        "auto",
        "--set",
        f"a={text}",
        "--runs",
        f"/r/{text}",
    ]
    assert (code, calls) == (0, [want])


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_what_ends_by_itself_is_not_started_again(code: int, tmp_path: Path) -> None:
    found, calls = _ran(Entry("mine", "c.yaml", "x"), tmp_path, f"exit {code}")
    assert (found, len(calls)) == (code, 1)
    assert calls[0][-1] == "/home/x/outvoted-runs"


def test_what_is_killed_resumes_a_few_times(tmp_path: Path) -> None:
    code, calls = _ran(Entry("mine", "c.yaml", "x", resume=True), tmp_path, "kill -9 $$")
    assert code == 137
    assert [call[-1] for call in calls] == ["--resume", *["--start-or-resume"] * 3]


def test_a_command_that_is_stopped_is_waited_for_and_not_begun_again(tmp_path: Path) -> None:
    """Ray signals the shell, its child, and, where it is under way, the pause before another try."""
    ends = 'kill -TERM $PPID; sleep 0.2; echo "still there"; kill -9 $$'
    code, calls = _ran(Entry("mine", "c.yaml", "x"), tmp_path, ends)
    assert code == 137
    assert len(calls) == 1


def test_a_command_that_is_killed_once_ends_as_its_second_try(tmp_path: Path) -> None:
    ends = f"[ -e {shlex.quote(str(tmp_path))}/once ] && exit 0; touch {tmp_path}/once; kill -9 $$"
    code, calls = _ran(Entry("mine", "c.yaml", "x"), tmp_path, ends)
    assert (code, len(calls)) == (0, 2)
