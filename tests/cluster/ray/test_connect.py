"""Ray that does not start is told as what the environment did, with a remedy."""

import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
import ray

from outvoted.cluster.ray import connect
from outvoted.cluster.ray.connect import connected
from outvoted.search.errors import OutvotedError
from tests.cluster.processes import descendants


@pytest.mark.parametrize(
    "error",
    [
        Exception("The current node timed out during startup.\nMore."),
        OSError("validate_socket_filename failed: AF_UNIX path length cannot exceed 107 bytes"),
        RuntimeError(""),
        ConnectionError("no"),
        AssertionError(),
    ],
)
def test_ray_that_does_not_start_is_no_bug(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", fail)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    with pytest.raises(OutvotedError, match="to start a local Ray instance") as caught, connected("local"):
        pass
    assert caught.value.found


def test_sigterm_while_ray_starts_is_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> None:
        raise SystemExit(15)

    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", end)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"), connected("local"):
        pass


@pytest.mark.parametrize("address", ["local", "auto"])
def test_what_ray_prints_by_itself_is_dropped(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = vars(import_module("ray._private.worker"))
    before = worker["print_to_stdstream"]
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", lambda *address, **settings: None)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    with connected(address):
        worker["print_to_stdstream"](
            {"lines": ["Task failed"], "pid": "raylet", "is_err": False, "ip": ""}, False
        )
    assert capsys.readouterr().out == ""
    assert worker["print_to_stdstream"] is before


def test_a_long_folder_of_temporary_files_gives_way_to_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert connect._scratch() is None
    for folder in (tmp_path / ("x" * 100), Path("/nowhere")):
        monkeypatch.setenv("TMPDIR", str(folder))
        chosen = connect._scratch()
        assert chosen is not None
        longest = f"{chosen}/session_2026-11-28_08-21-00_123456_1234567/sockets/plasma_store"
        assert len(longest) <= 107


def test_where_no_folder_is_short_enough_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/" + "x" * 100)
    monkeypatch.setattr(connect, "_may_write", lambda folder: False)
    with pytest.raises(OutvotedError, match="set RAY_TMPDIR"):
        connect._scratch()


def test_a_signal_to_the_group_of_a_command_does_not_reach_rays_daemons(local_ray: None) -> None:
    core = Path(ray.__file__).parent / "core" / "src" / "ray"
    titles = f"{core}/raylet/raylet", f"{core}/gcs/gcs_server"
    daemons = [one for title in titles for one in descendants(os.getpid(), title)]
    assert len(daemons) >= 2
    assert not {os.getpgid(one) for one in daemons} & {os.getpgid(0)}


def test_a_private_instance_starts_nothing_that_it_has_no_use_for(local_ray: None) -> None:
    lines = [
        Path(f"/proc/{one}/cmdline").read_bytes().decode() for one in descendants(os.getpid(), sys.executable)
    ]
    assert not [line for line in lines if any(f"/{name}.py" in line for name in ("dashboard", "monitor"))]
    assert not [line for line in lines if "log_monitor" in line]


def test_a_private_instance_does_not_wait_for_a_port_that_another_one_has(local_ray: None) -> None:
    """Its agent would try the one that Ray names for three and a half seconds, before any worker starts."""
    lines = [Path(f"/proc/{one}/cmdline").read_bytes().decode() for one in descendants(os.getpid(), "")]
    (raylet,) = (line for line in lines if "--dashboard_agent_command=" in line)
    assert "--listen-port=0" in raylet


LETTING_GO = """
import time
import numpy as np, ray
from outvoted.cluster.ray.connect import connected, disconnecting

with connected("local") as own:
    assert own
    references = [ray.put(np.zeros(30_000)) for _ in range(100)]
    cycles = [[one] for one in references[:50]]
    for cycle in cycles:
        cycle.append(cycle)
    with disconnecting():
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            for pool in (references, cycles):
                del pool[-1:]
            time.sleep(0.005)
    assert not ray.is_initialized()
print("to its end")
"""


def test_who_disconnects_may_let_go_of_what_is_rays_meanwhile() -> None:
    """Ray's core would end the process, with exit code 1 and without a word."""
    done = subprocess.run([sys.executable, "-c", LETTING_GO], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "to its end"), done.stderr


CUT_SHORT = """
import os, sys, threading, time
import numpy as np, ray
from outvoted.cluster.console.ending import INTERRUPTED, carried_out
from outvoted.cluster.ray.connect import connected
from tests.cluster.processes import descendants

def lets_go():
    while True:
        ray.put(np.zeros(30_000))

with carried_out(lambda error: 1):
    try:
        with connected("local"):
            for _ in range(4):
                threading.Thread(target=lets_go, daemon=True).start()
            time.sleep(0.2)
            print(*descendants(os.getpid(), "/"), flush=True)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        time.sleep(0.5)
        print("how to resume")
        sys.exit(INTERRUPTED)
"""


def test_a_command_that_is_interrupted_says_so_whatever_its_threads_do_and_takes_its_ray_along() -> None:
    done = subprocess.run([sys.executable, "-c", CUT_SHORT], capture_output=True, text=True, check=False)
    started, _, said = done.stdout.strip().partition("\n")
    assert (done.returncode, said) == (130, "how to resume"), done.stderr
    until = time.monotonic() + 20
    while left := [one for one in started.split() if Path(f"/proc/{one}").exists()]:
        assert time.monotonic() < until, left
        time.sleep(0.1)
    assert started
