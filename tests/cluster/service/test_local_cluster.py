import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from outvoted.cluster.service.keeping import keep_private, private_folder
from outvoted.cluster.service.local_cluster import LocalCluster, RayHead
from outvoted.cluster.service.processes import marked


def _head(folder: Path, pid: int, mark: str = "a" * 32) -> RayHead:
    head = RayHead(mark=mark, pid=pid, dashboard=1, gcs=2, token="t", folder=folder / "elsewhere")
    keep_private(private_folder(folder) / "cluster.json", head.model_dump_json().encode())
    return head


@pytest.fixture
def process(tmp_path: Path) -> subprocess.Popen[bytes]:
    surroundings = {**os.environ, "OUTVOTED_HEAD": "a" * 32}
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=surroundings)


def test_what_leads_to_a_head_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    _head(tmp_path / "own", 2)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "own" / "cluster.json").stat().st_mode & 0o777 == 0o600


def test_a_living_head_is_found_again_and_ended(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    head = _head(tmp_path, process.pid)
    assert head.processes() == [process.pid]
    cluster = LocalCluster(tmp_path)
    assert cluster.found() == head
    assert cluster.end()
    assert process.wait(10) in (-signal.SIGTERM, 1)
    assert cluster.found() is None
    assert not cluster.end()


def test_another_process_of_the_same_number_is_no_head(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    """Numbers of processes are used again, after a restart of the machine above all."""
    _head(tmp_path, process.pid, mark="b" * 32)
    cluster = LocalCluster(tmp_path)
    assert cluster.found() is None
    cluster.end()
    assert process.poll() is None
    process.communicate(b"\n")


def test_a_damaged_file_leads_to_no_head(tmp_path: Path) -> None:
    for content in (b"", b"{}", b'{"mark": "x"}', b"\xff"):
        keep_private(tmp_path / "cluster.json", content)
        assert LocalCluster(tmp_path).found() is None
    assert marked("OUTVOTED_HEAD", "x") == []
