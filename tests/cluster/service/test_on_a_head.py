"""The service as a process of its own, beside a real head of Ray: killed, ended and started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.actors.runs.run_folder import RunFolder, State
from tests.cluster.rows import assert_same_rows
from tests.cluster.service.processes import ServiceProcess, service_process
from tests.head import SOURCES, Head

pytestmark = [pytest.mark.head, pytest.mark.timeout(600)]
CONFIG: dict[str, Any] = {
    "data": {"name": "mnist-sample"},
    "panel": {
        "networks": [{"kind": "mlp", "hidden": hidden} for hidden in (6, 12, 18)],
        "training": {"epochs": 1},
    },
    "referee": None,
    "search": {"per_target": 150, "patience": 30},
    "cluster": {"shard_size": 10},
}


def _on_the_command_line(head: Head, runs: Path) -> RunFolder:
    config = runs.parent / "c.yaml"
    config.write_text(yaml.safe_dump(CONFIG))
    command = [*(sys.executable, "-m", "outvoted.cluster", "mine", str(config), "--runs", str(runs))]
    surroundings = {**os.environ, "PYTHONPATH": str(SOURCES)}
    surroundings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": head.token}
    done = subprocess.run(
        [*command, "--name", "shell", "--address", head.gcs],
        env=surroundings,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return RunFolder(runs / "shell")


def test_a_killed_service_loses_nothing_and_its_run_is_that_of_the_command_line(
    head: Head, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    with service_process(head, runs) as first:
        started = first.ask("POST", "/v1/runs", json={"config": CONFIG, "name": "killed"})
        assert started.status_code == 201, started.text
        assert first.ask("POST", "/v1/runs", json={"config": CONFIG, "name": "killed"}).status_code == 409
        until = time.monotonic() + 120
        while not list((runs / "killed" / "searches").glob("*.parquet")):
            assert time.monotonic() < until
            time.sleep(0.1)
        first.process.send_signal(signal.SIGKILL)
    with service_process(head, runs) as second:
        assert second.ask("GET", "/v1/runs/killed").json()["state"] in ("running", "finished")
        assert second.ask("POST", "/v1/runs", json={"config": CONFIG, "name": "killed"}).status_code == 409
        told = second.ask("GET", "/v1/runs/killed/events").text  # to its end
        assert told.count("event: end") == 1
        assert '"text": "reading the images"' in told
        assert second.ask("GET", "/v1/runs/killed").json()["exit_code"] == 0
        shell = _on_the_command_line(head, runs)
        assert_same_rows(RunFolder(runs / "killed"), shell)
        listed = second.ask("GET", "/v1/runs").json()
        assert {(one["name"], one["state"]) for one in listed["runs"]} == {
            ("killed", "finished"),
            ("shell", "finished"),
        }
        report = second.ask("GET", "/v1/runs/shell/report")
        assert (report.status_code, "killed" in report.text) == (200, False)
        assert report.headers["content-security-policy"].startswith("sandbox")
        _goes_on_and_stops(second, runs)
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(30) == 0


def _goes_on_and_stops(service: ServiceProcess, runs: Path) -> None:
    """Extend a finished run, and stop it on its way."""
    more = {"overrides": ["search.per_target=20000"]}
    assert service.ask("POST", "/v1/runs/killed/extend", json=more).status_code == 202
    service.awaited("/v1/runs/killed", '"state":"running"')
    assert service.ask("POST", "/v1/runs/killed/stop").status_code == 202
    service.awaited("/v1/runs/killed", '"state":"interrupted"')
    record = RunFolder(runs / "killed").read_record()
    assert (record.state, record.config["search"]["per_target"]) == (State.INTERRUPTED, 20000)
