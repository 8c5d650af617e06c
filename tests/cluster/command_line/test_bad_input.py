"""What is wrong is said in one message with exit code 2, before Ray starts or a folder is made."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from ray.exceptions import RaySystemError

from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.ray.connect import connected
from outvoted.search.errors import OutvotedError

CODE = """
import sys
from torch import nn

def few():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 5))

class Doing(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.network, self.what = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), what
    def forward(self, images):
        return self.what(self.network, images)

def sure():
    return Doing(lambda network, images: network(images).softmax(1))

def restless():
    return Doing(lambda network, images: nn.functional.dropout(network(images), 0.5, training=True))

def leaving():
    return Doing(lambda network, images: sys.exit(4))

def cut():
    return Doing(lambda network, images: network(images.detach()))

def broken():
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.constant_(network[1].bias, float("nan"))
    return network
"""
Say = Callable[..., str]


@pytest.fixture
def say(
    small: Path,
    digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    """Run a command with overrides where some files lie; return what it says, which must be one error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was started"))
    images, labels = digits.train.images[:40, 0], digits.train.labels[:40]
    (tmp_path / "wrong_models.py").write_text(CODE)
    np.savez(tmp_path / "below.npz", x_train=images, y_train=labels - 1)
    np.savez(tmp_path / "above.npz", x_train=images, y_train=labels)
    np.savez(tmp_path / "sizes.npz", x_train=images, y_train=labels, x_test=images[:, 4:], y_test=labels)
    np.savez(tmp_path / "short.npz", x_train=images, y_train=labels[:30])
    values = yaml.safe_load(small.read_text())
    plain = {key: values[key] for key in ("data", "panel", "referee")}
    searched = plain | {"search": values["search"]}
    scanned = {"scan": {"source": {"kind": "folder", "path": str(tmp_path)}}}
    forms = {"mine": searched, "compare": searched, "heal": searched, "scan": plain | scanned}

    def run(command: str, *overrides: str) -> str:
        file = tmp_path / f"{command}.yaml"
        file.write_text(yaml.safe_dump(forms[command]))
        sets = [part for override in overrides for part in ("--set", override)]
        monkeypatch.setattr(sys, "argv", ["outvoted", command, str(file), "--runs", "new", *sets])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr().err
        assert stop.value.code == 2, said
        assert "Traceback" not in said
        assert not (tmp_path / "new").exists()
        return " ".join(said.split())

    return run


@pytest.mark.parametrize("command", ["mine", "compare", "heal", "scan"])
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data={name: npz, path: below.npz}", "label -1 at image"),
        ("data={name: npz, path: above.npz, classes: 5}", "labels 0 to 4 in y_train of above.npz"),
        ("data={name: npz, path: sizes.npz}", "24 x 28 pixels in the test split (y_test of sizes.npz)"),
        ("data={name: npz, path: short.npz}", "as many labels as images"),
        (
            "panel.networks.1={kind: python, factory: 'wrong_models:few'}",
            "panel.networks.1 (few): one finite logit for each of the data's 10 classes",
        ),
        (
            "panel.networks.1={kind: python, factory: 'wrong_models:broken'}",
            "panel.networks.1 (broken): one finite logit",
        ),
        ("panel.networks.1={kind: python, factory: 'no_models:few'}", "No module named 'no_models'"),
        ("referee.network={kind: python, factory: 'wrong_models:few'}", "referee.network (referee)"),
        ("panel.networks.1={kind: python, factory: 'wrong_models:sure'}", "leave out the softmax"),
        ("panel.networks.1={kind: python, factory: 'wrong_models:restless'}", "when it was asked twice"),
        ("panel.networks.1={kind: python, factory: 'wrong_models:leaving'}", "it called sys.exit(4)"),
    ],
)
def test_data_and_networks(command: str, override: str, said: str, say: Say) -> None:
    assert said in say(command, override)


@pytest.mark.parametrize("command", ["mine", "compare", "heal"])
@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["search.transform.kind=channel_gain"], "transform channel_gain found: images of 1 channel"),
        (["search.transform.kind=afine"], "'afine' to do: did you mean 'affine'?"),
        (["search.transform.kind=no_moves:Wave"], "transform kind=no_moves:Wave: a module 'no_moves'"),
        (["search.transform.kind=wrong_models:few"], "wrong_models:few to be a class derived from"),
        (["search.targets=[mlp-7]"], "'mlp-7' to do: did you mean 'mlp-6'?"),
        (["search.voters=[3]"], "numbers of voters from 0 to 2 in search.voters"),
    ],
)
def test_searches(command: str, overrides: list[str], said: str, say: Say) -> None:
    assert said in say(command, *overrides)


@pytest.mark.parametrize("command", ["mine", "heal"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gradient", "'gradient' can search by knobs"),
        ("gradiant", "did you mean 'gradient'?"),
        ("'no_climb:Climb'", "strategy kind=no_climb:Climb: a module 'no_climb'"),
    ],
)
def test_strategies(command: str, name: str, said: str, say: Say) -> None:
    assert said in say(command, "search.transform.kind=pixel_swap", f"search.strategy.kind={name}")


@pytest.mark.parametrize("command", ["mine", "heal", "compare"])
def test_networks_without_a_gradient(command: str, say: Say) -> None:
    network = "panel.networks.1={kind: python, factory: 'wrong_models:cut'}"
    sets = [] if command == "compare" else ["search.strategy.kind=gradient"]
    said = say(command, network, *sets)
    assert "panel.networks.1 (cut): the gradient of its answers" in said
    assert "say hillclimb" in said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["strategies=[]"], "at least one strategy"),
        (["strategies=[gradiant]"], "did you mean 'gradient'?"),
        (["strategies=[{kind: random}, {kind: gradiant}]"], "a known strategies.1.kind found: 'gradiant'"),
        (["search.transform.kind=pixel_swap"], "'gradient' can search by knobs"),
        (["map.descriptors=[rotation]"], "did you mean 'rotation_deg'?"),
        (["map.bins=0"], "map.bins"),
    ],
)
def test_comparisons(overrides: list[str], said: str, say: Say) -> None:
    assert said in say("compare", *overrides)


def test_a_module_that_workers_lack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    with (
        pytest.raises(OutvotedError, match=r"the module 'own\.climbs' on every"),
        connected("local"),
    ):
        raise RaySystemError("ModuleNotFoundError: No module named 'own.climbs'")
    with pytest.raises(RaySystemError, match="something else"), connected("local"):
        raise RaySystemError("something else")
