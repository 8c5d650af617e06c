"""A run's files are given to whoever may read: those of the run, and no other byte of the machine."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outvoted.cluster.service.service import Service


@pytest.fixture
def run(service: Service, run_path: Path) -> Path:
    """A finished run, with something hidden in it."""
    shutil.copytree(run_path, service.runs / "a")
    (service.runs / "a" / ".hidden" / "deep").mkdir(parents=True)
    (service.runs / "a" / ".hidden" / "deep" / "secret").write_text("x")
    return service.runs / "a"


def test_every_file_is_listed_and_is_given_as_it_was_listed(client: TestClient, run: Path) -> None:
    listed = [json.loads(line) for line in client.get("/v1/runs/a/files").text.splitlines()]
    there = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {one["path"] for one in listed} == there - {".hidden/deep/secret"}
    assert listed[-1]["path"] == "run.json"
    for one in listed:
        answer = client.get(f"/v1/runs/a/files/{one['path']}")
        assert len(answer.content) == one["size"] == int(answer.headers["content-length"])
        assert hashlib.sha256(answer.content).hexdigest() == one["sha256"]
        assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "peers",
        "%2e%2e/b/run.json",
        "peers/%2e%2e/run.json",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "peers//peers.parquet",
        ".hidden/deep/secret",
        "run.json/x",
        "run.json%00",
        "a" * 5000,
    ],
)
def test_nothing_else_is_given(client: TestClient, run: Path, path: str) -> None:
    shutil.copytree(run, run.with_name("b"))
    answer = client.get(f"/v1/runs/a/files/{path}")
    assert answer.status_code == 404, answer.text[:200]
    assert set(answer.json()["error"]) == {"expected", "found", "remedy"}


def test_links_and_pipes_are_no_files(client: TestClient, run: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (run / "link").symlink_to(tmp_path / "secret")
    (run / "folder").symlink_to(tmp_path)
    os.mkfifo(run / "pipe")
    for path in ("link", "folder/secret", "pipe"):
        assert client.get(f"/v1/runs/a/files/{path}").status_code == 404
    assert client.get("/v1/runs/a/files").status_code == 422  # as for whoever opens such a run
