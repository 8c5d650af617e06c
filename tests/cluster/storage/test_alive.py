"""One process at a time works on a run, and everybody can see whether it still does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outvoted.actors.runs.fence import FILE
from outvoted.cluster.storage import alive
from outvoted.cluster.storage.alive import at_work, check_alone, worker
from outvoted.search.errors import OutvotedError

HOLD = """
import sys, time
from pathlib import Path
from outvoted.cluster.storage.alive import at_work
with at_work(Path(sys.argv[1])):
    print("at work", flush=True)
    time.sleep(60)
"""


def test_who_works_on_a_run_is_seen_and_leaves_no_trace(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert worker(run) is None
    with at_work(run):
        found = worker(run)
        assert found is not None
        assert (found.host, found.pid) == (socket.gethostname(), os.getpid())
    assert worker(run) is None
    assert list(run.iterdir()) == []


def test_a_second_process_is_refused_and_told_who_works(tmp_path: Path) -> None:
    with at_work(tmp_path):
        with pytest.raises(OutvotedError, match=f"process {os.getpid()} on"), at_work(tmp_path):
            pass
        with pytest.raises(OutvotedError, match="the only process working"):
            check_alone(tmp_path)
    with at_work(tmp_path):
        pass


def test_a_process_that_was_killed_keeps_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        found = worker(tmp_path)
        assert found is not None
        assert found.pid == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert (tmp_path / FILE).exists()
    assert worker(tmp_path) is None
    with at_work(tmp_path):
        assert worker(tmp_path) is not None


def test_a_process_on_another_machine_counts_until_it_is_silent(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text(json.dumps({"host": "elsewhere", "pid": 3, "since": "now"}), encoding="utf-8")
    assert str(worker(tmp_path)) == "process 3 on elsewhere, since now"
    long_ago = file.stat().st_mtime - 2 * alive.SILENT_SECONDS
    os.utime(file, (long_ago, long_ago))
    assert worker(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"host": 1}', b"[" * 4000, b"x" * 100_000])
def test_a_damaged_sign_of_life_is_none_of_this_machines(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    worker(tmp_path)
    os.utime(tmp_path / FILE, (0, 0))
    assert worker(tmp_path) is None


def test_no_link_and_no_pipe_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept", encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    (run / FILE).symlink_to(target)
    assert worker(run) is None
    with pytest.raises(OutvotedError), at_work(run):
        pass
    assert target.read_text("utf-8") == "kept"
    (run / FILE).unlink()
    os.mkfifo(run / FILE)
    assert worker(run) is None


def test_the_sign_of_life_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "SIGN_SECONDS", 0.01)
    with at_work(tmp_path):
        os.utime(tmp_path / FILE, (0, 0))
        for _ in range(500):
            if (tmp_path / FILE).stat().st_mtime > 1:
                break
            time.sleep(0.01)
        assert (tmp_path / FILE).stat().st_mtime > 1
