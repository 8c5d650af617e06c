"""`outvoted check` and --dry-run: what a run would refuse, what was understood, and nothing left behind."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.runs.commands import command_of
from outvoted.analysis.report.contact_sheet import contact_sheet
from outvoted.cluster.command_line.checking import this_machine
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.jobs.kinds import KINDS
from tests.cluster.faults import sound

Say = Callable[..., tuple[int, str]]
OWN = """
import torch
from torch import nn

def make(slope):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    return network
"""


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command in an empty folder; return its exit code and what it said. Ray must not be started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was started"))
    monkeypatch.setattr("outvoted.cluster.command_line.checking._SECONDS", 0.2)

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["outvoted", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), "".join(capsys.readouterr())

    return run


EXPECTED = {
    "scan": ("training: about", "scanning 30 images: about"),
    "study": ("training: about", "making 54 images: about", "votes of 3 networks on them: about"),
    "sweep": ("training and measuring 3 networks for 1 epochs: about", "mining with 12 searches"),
}
"""What a check says of how long a run of some kinds takes."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["check", "--dry-run"])
def test_a_sound_configuration_is_well_and_leaves_a_contact_sheet_alone(
    kind: str, way: str, say: Say, tmp_path: Path
) -> None:
    mining = {"mining": {"search": {"per_target": 4}, "referee": None}} if kind == "sweep" else {}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(sound(kind, tmp_path) | mining))
    before = set(tmp_path.iterdir())
    code, said = say("check", "c.yaml") if way == "check" else say(command_of(kind), "c.yaml", "--dry-run")
    assert code == 0, said
    for words in ("nothing was started", "starting Ray", "memory: about", *EXPECTED.get(kind, ())):
        assert words in said, said
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"c.check.png", "__pycache__"}
    assert Image.open(tmp_path / "c.check.png").size[0] > 100


def test_what_is_understood_is_said(say: Say, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(sound("mine", tmp_path)))
    code, said = say("check", "c.yaml")
    assert code == 0
    for words in ("class  training  test", "will be trained: 1 epochs", "training: about", "memory: about"):
        assert words in said, said


def test_networks_with_weights_are_tested_and_asked_about_seeds(say: Say, tmp_path: Path) -> None:
    values = sound("mine", tmp_path)
    (tmp_path / "my_nets.py").write_text(OWN)
    torch.save({"1.weight": torch.zeros(3, 64), "1.bias": torch.tensor([1.0, 0, 0])}, tmp_path / "w.pt")
    network = {"kind": "python", "factory": "my_nets:make", "arguments": {"slope": 1}, "weights": "w.pt"}
    values["panel"]["networks"] = [network | {"alias": "one"}, network | {"alias": "two"}]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(values))
    code, said = say("check", "c.yaml")
    assert code == 0, said
    assert "% of 15" in said
    assert "disputes %" in said
    assert "of seeds are undisputed" in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("search.patiense=1", "did you mean 'patience'"),
        ("data.path=nowhere.npz", "nowhere.npz"),
        ("search.targets=[mlp-99]", "mlp-99"),
        ("cluster.cells=9999", "lower cluster.cells"),
        *(() if torch.cuda.is_available() else [("device=cuda", "an NVIDIA GPU")]),
        *(() if torch.backends.mps.is_available() else [("device=mps", "an Apple GPU")]),
    ],
)
@pytest.mark.parametrize("way", ["check", "--dry-run"])
def test_what_is_wrong_is_said_as_the_run_says_it(
    wrong: str, words: str, way: str, say: Say, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(sound("mine", tmp_path)))
    command = ("check", "c.yaml") if way == "check" else ("mine", "c.yaml", "--dry-run")
    code, said = say(*command, "--set", wrong)
    assert code == 2
    assert words in said
    assert not (tmp_path / "runs").exists()


def test_memory_in_which_the_system_keeps_files_counts_as_free() -> None:
    """A machine that has read many images has few free pages, and all of their memory for a run."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    kept = {name: int(rest.split()[0]) << 10 for name, rest in (line.split(":") for line in lines)}
    assert this_machine()["memory"] == pytest.approx(kept["MemAvailable"], rel=0.2)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_contact_sheet_shows_every_class_or_some_of_many(channels: int) -> None:
    for classes in (2, 40):
        images = np.zeros((80, channels, 9, 17), np.uint8)
        split = Split(images, np.arange(80) % classes)
        names = tuple(f"kl\u00e4sse {label} [b]\x1b" for label in range(classes))
        sheet = contact_sheet(Dataset("x", Path(), split, split, classes, names))
        assert sheet.size[1] == 4 + min(classes, 25) * 52
