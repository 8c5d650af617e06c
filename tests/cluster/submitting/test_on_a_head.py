"""Runs on a real head of Ray, started as the docs start one: through its dashboard, with its token."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import typer
import yaml

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line import remote
from outvoted.cluster.jobs.kinds import keys_in
from outvoted.cluster.submitting.dashboard import Dashboard
from outvoted.cluster.submitting.submitting import Submission
from outvoted.search.errors import OutvotedError
from tests.head import Head

pytestmark = [pytest.mark.head, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def _at_the_head(head: Head, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", head.token)
    monkeypatch.chdir(tmp_path)


def _submit(head: Head, name: str, resume: bool = False, stays: bool = False, per_target: int = 20) -> None:
    config = Path("c.yaml")
    networks = [{"kind": "mlp", "hidden": hidden} for hidden in (6, 12, 18)]
    values = {
        **{"data": {"name": "mnist-sample"}, "referee": None},
        "panel": {"networks": networks, "training": {"epochs": 1}},
        "search": {"patience": 30},
        "cluster": {"shard_size": 30},
    }
    config.write_text(yaml.safe_dump(values))
    sets = (f"search.per_target={per_target}",)
    wanted = Submission("mine", config, keys_in(config, "mine"), name, sets, resume=resume)
    remote.submit_run(wanted, remote.Wherever(head.address), stays)


def _there(head: Head, name: str) -> RunFolder:
    return RunFolder(head.folder / "outvoted-runs" / name)


def _awaits_rows(store: RunFolder) -> None:
    until = time.monotonic() + 180
    while not list((store.path / "searches").glob("*.parquet")):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_run_is_submitted_watched_and_fetched(
    head: Head, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _submit(head, "whole", stays=True)
    said = capsys.readouterr().out
    assert "searches" in said
    assert "whole: " in said
    assert "whole has finished" in said
    assert "\x1e" not in said
    remote.say_logs("whole", remote.Wherever(head.address), follow=False)
    assert "\x1e" not in capsys.readouterr().out
    remote.fetch_run("whole", remote.Wherever(head.address), tmp_path / "here", None)
    here, there = RunFolder(tmp_path / "here"), _there(head, "whole")
    assert here.read_record() == there.read_record()
    assert len(Shards(here.path).done()) == len(Shards(there.path).done()) > 0
    assert not list(head.logs.glob("outvoted-*"))
    remote.watch_run("whole", remote.Wherever(head.address))  # rejoined after its end
    assert "whole has finished" in capsys.readouterr().out


def test_a_run_is_stopped_as_ctrl_c_would_and_goes_on(head: Head, capsys: pytest.CaptureFixture[str]) -> None:
    _submit(head, "cut", per_target=1500)
    with pytest.raises(OutvotedError, match="no living run 'cut'"):
        _submit(head, "cut", per_target=1500)
    _awaits_rows(_there(head, "cut"))
    remote.stop_run("cut", remote.Wherever(head.address))
    assert _there(head, "cut").read_record().state == State.INTERRUPTED
    with pytest.raises(typer.Exit) as left:
        remote.watch_run("cut", remote.Wherever(head.address))
    assert left.value.exit_code == 130
    before = len(Shards(_there(head, "cut").path).done())
    _submit(head, "cut", resume=True, per_target=1500)
    assert Dashboard(head.address).job("cut@2").id == "cut@2"
    _awaits_more(_there(head, "cut"), before)
    remote.stop_run("cut", remote.Wherever(head.address))
    assert "--name cut --set search.per_target=1500 --resume" in capsys.readouterr().out


def _awaits_more(store: RunFolder, than: int) -> None:
    until = time.monotonic() + 180
    while len(Shards(store.path).done()) <= than:
        assert time.monotonic() < until
        time.sleep(0.5)


def test_a_run_that_is_refused_there_ends_the_watch_with_its_exit_code(
    head: Head, capsys: pytest.CaptureFixture[str]
) -> None:
    (head.folder / "outvoted-runs" / "taken").mkdir(parents=True)
    (head.folder / "outvoted-runs" / "taken" / "file").touch()
    with pytest.raises(typer.Exit) as ended:
        _submit(head, "taken", stays=True)
    assert ended.value.exit_code == 2
    assert "a folder with files in it" in capsys.readouterr().out


@pytest.mark.parametrize("token", [None, "0" * 64])
def test_nothing_answers_without_the_token(
    head: Head, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    for path in ("/api/jobs/", "/api/version", "/nodes?view=summary", "/api/v0/actors", "/logs"):
        answer = requests.get(f"{head.address}{path}", headers=headers, timeout=10)
        assert answer.status_code in (401, 403), path
    job = {"entrypoint": "true"}
    answer = requests.post(f"{head.address}/api/jobs/", json=job, headers=headers, timeout=10)
    assert answer.status_code in (401, 403)
    assert _asks_the_store_of_names(head.gcs, token) == "refused"
    assert _asks_the_store_of_names(head.gcs, head.token) == "answered"


ASK = """
import sys
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1]).internal_kv_keys(b"", None, timeout=5)
except Exception as error:
    print("refused" if "auth" in str(error).lower() or "token" in str(error).lower() else repr(error))
else:
    print("answered")
"""


def _asks_the_store_of_names(address: str, token: str | None) -> str:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    surroundings |= {} if token is None else {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    surroundings["RAY_BACKEND_LOG_LEVEL"] = "fatal"
    found = subprocess.run(
        [sys.executable, "-c", ASK, address],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return found.stdout.strip() or json.dumps(found.stderr[-500:])
