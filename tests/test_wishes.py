"""docs/wishes.md: each line does what is wished for, and is understood where it would take too long."""

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import typer
import yaml
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

import outvoted
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.command_line.cli import app, main
from outvoted.cluster.configuration.reading import validated
from outvoted.cluster.jobs.mine import MineConfig
from tests.actors.networks.conftest import vision

PAGE = (Path(__file__).parents[1] / "docs" / "wishes.md").read_text()


def wishes(where: str) -> list[str]:
    """Return the lines of one table."""
    table = PAGE.partition(f"| I want to … | {where} |")[2].partition("\n\n")[0]
    return re.findall(r"\| `(.+?)` \|$", table, re.MULTILINE)


@pytest.fixture
def known(
    trained: list[Member], digits: Dataset, own: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What the page's first lines say there is, in a folder with photos, weights and a run."""
    monkeypatch.chdir(tmp_path)
    names = ("narrow", "middle", "wide")
    members = [member.bare(digits.shape, digits.classes) for member in trained]
    networks: dict[str, nn.Module] = dict(zip(names, members, strict=True))
    images, labels = digits.train.images, digits.train.labels
    torch.save(networks["wide"].state_dict(), tmp_path / "weights.pt")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "night").symlink_to(own.path)
    for number, (image, label) in enumerate(zip(digits.test.images, digits.test.labels, strict=True)):
        folder = tmp_path / "photos" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        outvoted_png(image, folder / f"{number}.png")
    panel = outvoted.Panel(networks, images, labels)
    return {
        **{name: getattr(outvoted, name) for name in ("Panel", "Result", "mine")},
        **{"torch": torch, "DataLoader": DataLoader, "ConcatDataset": ConcatDataset},
        **{"TensorDataset": TensorDataset, "inputs": torch.from_numpy(images) / 255},
        "targets": torch.from_numpy(labels),
        **{"networks": networks, "images": images, "labels": labels, "strong": networks["wide"]},
        **{"network": networks["wide"], "names": [f"digit {label}" for label in range(10)]},
        "dataset": list(zip(torch.from_numpy(images) / 255, labels.tolist(), strict=True)),
        "panel": panel,
        "found": outvoted.mine(panel, per_target=8, progress=False),
    }


def outvoted_png(image: Any, path: Path) -> None:
    """Write a grey image, shape (1, height, width)."""
    from PIL import Image

    Image.fromarray(np.asarray(image[0])).save(path)


def test_there_are_at_least_twenty() -> None:
    lines = [*wishes("in Python"), *wishes("on the command line"), *wishes("in a configuration")]
    assert len(lines) >= 20
    assert len(lines) == PAGE.count("\n| ") - PAGE.count("| I want to … |")


def test_every_line_of_python_does_something(known: dict[str, Any], tmp_path: Path) -> None:
    for line in wishes("in Python"):
        try:
            result = eval(line, dict(known))
        except Exception as error:
            raise AssertionError(line) from error
        if isinstance(result, outvoted.Result):
            assert isinstance(result.mistakes, pd.DataFrame), line
    assert (tmp_path / "mistakes.png").is_file()
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize("line", wishes("on the command line"))
def test_every_command_is_understood(line: str) -> None:
    program, command, *arguments = shlex.split(line)
    assert program == "outvoted"
    group: Any = typer.main.get_command(app)
    group.commands[command].make_context(command, arguments)


def test_commands_that_start_no_run_do_what_they_say(
    known: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.cluster.command_line.checking._SECONDS", 0.1)
    config = {"data": {"name": "folder", "path": "photos"}, "panel": TWO, "referee": None}
    Path("photos.yaml").write_text(yaml.safe_dump(config))
    told = [
        line for line in wishes("on the command line") if {"--dry-run", "replay", "export"} & {*line.split()}
    ]
    assert len(told) == 3
    for line in told:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as stop:
            main()
        assert not stop.value.code, line
    assert (tmp_path / "photos.check.png").is_file()
    assert list(tmp_path.rglob("*.zip"))


TWO = {"networks": [{"kind": "cnn", "channels": 8}, {"kind": "cnn", "channels": 16}]}


@pytest.mark.parametrize("line", wishes("in a configuration"))
def test_every_configuration_is_valid_and_its_networks_can_be_had(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = {"data": {"name": "mnist-sample"}, "panel": TWO, **yaml.safe_load(line)}
    config = validated(MineConfig, keys, "docs/wishes.md")
    for network in config.panel.networks:
        if network.kind == "torchvision":
            vision("torchvision")
            bare = network.model_copy(update={"weights": None}).module((3, 64, 64), 10)
            torch.save(bare.state_dict(), tmp_path / str(network.weights))
        assert (network.load((3, 64, 64), 10) is not None) == network.loaded
        network.build((3, 64, 64), 10)
