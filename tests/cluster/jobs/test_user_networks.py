"""Networks that a user brings, from the configuration to the replay."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import ray
import torch
import yaml
from rich.console import Console
from safetensors.torch import save_file
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.replay import replay
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING
from tests.cluster.command_line.test_cli import OUTVOTED

CODE = """
from torch import nn

def perceptron(hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.Tanh(), nn.Linear(hidden, 10))
"""


@pytest.fixture
def config(
    small: Path, trained: list[Member], digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A panel of a Python factory with weights, an exported program, and a factory that is trained."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_on_the_cluster.py").write_text(CODE)
    first, second = (member.bare(digits.shape, digits.classes).eval() for member in trained[1:])
    save_file(first.state_dict(), tmp_path / "first.safetensors")
    _export(second, tmp_path / "second.pt2")
    factory = {"kind": "python", "factory": "own_on_the_cluster:perceptron"}
    values = yaml.safe_load(small.read_text())
    values["panel"]["networks"] = [
        {**factory, "arguments": {"hidden": 12}, "weights": "first.safetensors", "alias": "loaded"},
        {"kind": "exported", "file": "second.pt2"},
        {**factory, "arguments": {"hidden": 6}, "alias": "trained"},
    ]
    values["panel"]["batch"] = 32
    values["referee"] = None
    values["search"] |= {"per_target": 15}
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def _export(network: nn.Module, path: Path) -> None:
    dynamic = ({0: torch.export.Dim("batch")},)
    torch.export.save(
        torch.export.export(network, (torch.zeros(2, 1, 28, 28),), dynamic_shapes=dynamic), path
    )


@pytest.mark.ray
def test_a_panel_of_own_networks_is_mined_and_replayed(
    local_ray: None, config: Path, digits: Dataset
) -> None:
    address = ray.get_runtime_context().gcs_address
    command = [*OUTVOTED, "mine", config.name, "--name", "own", "--address", address]
    ended = subprocess.run(
        command, cwd=config.parent, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr
    store = RunFolder(config.parent / "runs" / "own")
    (config.parent / "second.pt2").unlink()
    (config.parent / "first.safetensors").unlink()
    run = OpenedRun(store, EVERYTHING)
    assert [member.name for member in run.peers] == ["loaded", "second", "trained"]
    assert [len(member.epochs) for member in run.peers] == [1, 1, 8]
    share = np.mean(run.panel.vote(digits.test.images).argmax(2) == digits.test.labels, axis=1)
    assert [member.test_accuracy for member in run.peers] == pytest.approx(share)
    found = replay(run, None)
    assert found
    assert all(one.confirmed for one in found)


def test_what_is_wrong_is_said_before_the_folder_is_made(config: Path) -> None:
    wrong = read(MineConfig, config, ["panel.networks.0.arguments.hidden=13"])
    store = RunFolder(config.parent / "runs" / "wrong")
    with pytest.raises(OutvotedError, match=r"panel\.networks\.0 \(loaded\)") as caught:
        launch(Job(MINE, wrong, store, "nowhere:1"), Console(quiet=True))
    assert "1.weight is (12, 784) in the file, (13, 784) in the network" in caught.value.found
    assert not store.path.exists()
