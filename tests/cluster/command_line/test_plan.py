"""`outvoted plan`: what it prints, and what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.cluster.command_line.cli import main
from tests.cluster.faults import sound

Say = Callable[..., tuple[int, str, str]]
DIGITS = {
    "data": {"name": "mnist-sample"},
    "panel": {"networks": [{"kind": "mlp", "hidden": hidden} for hidden in (16, 24)]},
    "search": {"per_target": 20},
}


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command in a folder with a sound configuration; Ray must not be started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was started"))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(DIGITS))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["outvoted", "plan", *arguments, "--seconds", "1"])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return run


def test_a_table_of_eighty_columns_and_nothing_left_behind(say: Say, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    code, out, _ = say("c.yaml", "--nodes", "64,1", "--cpus", "16", "--gpus", "2", "--memory", "64")
    assert code == 0, out
    table = out.partition("nodes ")[2].partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert [line.split()[0] for line in table.splitlines() if line.lstrip()[:1].isdigit()] == ["1", "64"]
    for words in (
        "measured on one CPU here",
        "GPU memory: about",
        "Parquet:",
        "to each machine at the start",
    ):
        assert words in out
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"__pycache__"}


def test_json_is_all_that_standard_output_gets(say: Say) -> None:
    code, out, _ = say("c.yaml", "--nodes", "1,1000", "--cpus", "4", "--memory", "8", "--json")
    assert code == 0
    told: dict[str, Any] = json.loads(out)
    assert [one["nodes"] for one in told["plans"]] == [1, 1000]
    assert told["machine"]["memory"] == 8 * 2**30
    measured = told["measured"]
    assert all(measured[key] > 0 for key in ("search_seconds", "record_seconds", "sent", "parquet", "images"))
    for one in told["plans"]:
        assert one["total"] == pytest.approx(sum(one["seconds"].values()))


@pytest.mark.parametrize("nodes", ["", "0", "1001", "4;8", "-1", "1,,2", "many", "1.5", "9" * 30])
def test_numbers_of_machines_are_checked(say: Say, nodes: str) -> None:
    code, _, err = say("c.yaml", f"--nodes={nodes}")
    assert code == 2
    assert "numbers of machines from 1 to 1,000" in err


def test_what_is_no_mining_is_refused(say: Say, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(sound("scan", tmp_path)))
    code, _, err = say("s.yaml")
    assert code == 2
    assert "outvoted scan" in err


def test_networks_that_learn_too_little_meanwhile_are_no_bug(say: Say, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(sound("mine", tmp_path)))
    code, _, err = say("m.yaml")
    assert code == 2
    assert "raise --seconds" in err
