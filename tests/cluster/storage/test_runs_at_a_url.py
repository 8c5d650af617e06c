"""A run at a URL is the run it would be in a folder, whatever machine goes on with it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray
from rich.console import Console
from typer.testing import CliRunner

from outvoted import Result
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line.cli import app
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.cluster.storage.store import Store, opened
from outvoted.cluster.storage.urls import folder_of, run_folder_of
from outvoted.search.errors import OutvotedError
from tests.cluster.conftest import Mine
from tests.cluster.rows import assert_same_rows
from tests.cluster.storage.conftest import Machines, content, write_record

OUTVOTED = (sys.executable, "-m", "outvoted.cluster")


def _mine(url: str, small: Path, name: str, *overrides: str, resume: bool = False) -> RunFolder:
    store = RunFolder(folder_of(url) / name)
    launch(Job(MINE, read(MineConfig, small, overrides), store, resume=resume), Console(quiet=True))
    return store


@pytest.mark.ray
def test_a_run_in_s3_has_the_rows_of_one_in_a_folder_on_every_machine(
    undisturbed: RunFolder, mined: Mine, small: Path, s3: str, machines: Machines
) -> None:
    written = _mine(f"{s3}/runs", small, "night")
    assert_same_rows(written, undisturbed)
    assert opened(f"{s3}/runs/night").objects().keys() == content(written.path).keys()
    assert not any(b"sesame" in data for data in content(written.path).values())
    machines.use("second")
    url = f"{s3}/runs/night"
    read_again = RunFolder(Result.load(url).path or Path())
    assert read_again.path == run_folder_of(url) != written.path
    assert content(read_again.path) == content(written.path)
    assert read_again.read_record().state == State.FINISHED
    said = CliRunner().invoke(app, ["runs", "--runs", f"{s3}/runs"], catch_exceptions=False).stdout
    assert "finished" in said
    assert "315 of 315" in said
    CliRunner().invoke(app, ["report", url], catch_exceptions=False)
    assert "report.html" in opened(url).objects()


@pytest.mark.ray
def test_a_run_in_s3_that_was_killed_is_resumed_on_another_machine(
    undisturbed: RunFolder, mined: Mine, small: Path, s3: str, machines: Machines
) -> None:
    address, url = ray.get_runtime_context().gcs_address, f"{s3}/runs"
    few = ("--set", "cluster.shard_size=10", "--set", "cluster.shards_in_flight=1")
    command = [*OUTVOTED, "mine", str(small), "--name", "cut", "--runs", url, "--address", address, *few]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    there = opened(f"{url}/cut")
    _await(lambda: any(name.startswith("searches/") for name in there.objects()), process)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    done = sum(name.startswith("searches/") for name in there.objects())
    machines.use("second")
    store = _mine(url, small, "cut", "cluster.shard_size=20", resume=True)
    assert 0 < done < 32
    assert_same_rows(store, undisturbed)
    assert there.objects().keys() == content(store.path).keys()
    assert store.read_record().epoch == 2


def test_a_run_that_is_there_is_not_begun_again_on_another_machine(
    small: Path, s3: str, machines: Machines
) -> None:
    _put_record(opened(f"{s3}/runs/night"))
    with pytest.raises(OutvotedError, match="a new folder s3://mistakes/runs/night"):
        _mine(f"{s3}/runs", small, "night")


@pytest.mark.parametrize("wrong", ["bucket", "endpoint"])
def test_what_is_wrong_with_a_url_is_said_before_anything_starts(
    wrong: str, small: Path, s3: str, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong == "endpoint":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    bucket = "no-such-bucket" if wrong == "bucket" else "mistakes"
    began = time.monotonic()
    with pytest.raises(OutvotedError, match=f"to use s3://{bucket}/runs"):
        _mine(f"s3://{bucket}/runs", small, "night")
    assert time.monotonic() - began < 10


def _put_record(store: Store) -> None:
    store.write("run.json", b'{"format": "outvoted run 4"}')


def test_runs_at_a_url_are_listed_by_their_records_alone(s3: str, machines: Machines, tmp_path: Path) -> None:
    write_record(tmp_path / "night", State.FINISHED)
    there = opened(f"{s3}/runs/night")
    there.put(tmp_path / "night" / "run.json", "run.json")
    there.write("searches/shard-0.parquet", b"large")
    for command in (["runs"], ["top", "--once"]):
        words = [*command, "--runs", f"{s3}/runs"]
        said = CliRunner().invoke(app, words, catch_exceptions=False).stdout
        assert "night" in said
        assert "finished" in said
    assert content(folder_of(f"{s3}/runs")).keys() == {"night/run.json"}
    here = folder_of(f"{s3}/runs") / "night"
    write_record(here, State.FAILED)  # which the store refused to take
    CliRunner().invoke(app, ["runs", "--runs", f"{s3}/runs"], catch_exceptions=False)
    assert RunFolder(here).read_record().state == State.FAILED
    write_record(tmp_path / "night", State.FINISHED, epoch=2)
    there.put(tmp_path / "night" / "run.json", "run.json")
    CliRunner().invoke(app, ["runs", "--runs", f"{s3}/runs"], catch_exceptions=False)
    assert RunFolder(here).read_record().state == State.FINISHED


def _await(until: object, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 100
    while not until():  # type: ignore[operator]
        assert process.poll() is None, "the run ended before it was cut off"
        assert time.monotonic() < end
        time.sleep(0.05)
