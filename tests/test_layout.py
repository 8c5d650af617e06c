"""The house: code stands in the top folders and installs under one name."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("search", "actors", "analysis", "cluster")


@pytest.mark.parametrize("room", ROOMS)
def test_every_link_resolves_to_its_room(room: str) -> None:
    link = ROOT / "src" / "outvoted" / room
    assert link.is_symlink()
    assert link.resolve() == ROOT / room


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_imported_from_its_folder(room: str) -> None:
    file = importlib.import_module(f"outvoted.{room}").__file__
    assert file is not None
    assert Path(file).resolve().parent == ROOT / room


def test_every_configuration_is_valid() -> None:
    from outvoted.cluster.config import MineConfig
from outvoted.cluster.reading import read

    files = sorted((ROOT / "configs").glob("*.yaml"))
    assert files
    for file in files:
        read(MineConfig, file)
