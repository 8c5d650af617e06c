"""The house: code stands in the top folders and installs under one name."""

import ast
import importlib
import os
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.tune import TuneConfig

ROOT = Path(__file__).parents[1]
ROOMS = ("search", "actors", "analysis", "cluster")


@pytest.mark.parametrize("room", ROOMS)
def test_every_link_resolves_to_its_room(room: str) -> None:
    link = ROOT / "src" / "outvoted" / room
    assert link.is_symlink()
    assert link.resolve() == ROOT / room


def test_ready_configurations_are_those_of_the_repository() -> None:
    link = ROOT / "src" / "outvoted" / "ready"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT / "configs"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_imported_from_its_folder(room: str) -> None:
    file = importlib.import_module(f"outvoted.{room}").__file__
    assert file is not None
    assert Path(file).resolve().parent == ROOT / room


@pytest.mark.parametrize("room", [*ROOMS, "configs"])
def test_every_file_that_is_no_code_is_named_as_package_data(room: str) -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    packed = {
        path.resolve()
        for package, globs in patterns.items()
        for glob in globs
        for path in ROOT.joinpath("src", *package.split(".")).glob(glob)
    }
    there = {path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in there if path.suffix != ".py"} <= packed


def test_no_two_public_classes_share_a_name() -> None:
    """One name, one meaning, wherever in the product it is read."""
    names = Counter(
        statement.name
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_")
    )
    assert names
    assert [name for name, times in names.items() if times > 1] == []


def test_nothing_waits_for_ray_without_a_limit() -> None:
    """A call has a timeout, or the line above it says who sees to it that it ends."""
    waits, endless = 0, []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        text = path.read_text()
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) not in ("ray.get", "ray.wait"):
                continue
            waits += 1
            limited = any(keyword.arg == "timeout" for keyword in call.keywords)
            above = text.splitlines()[max(0, call.lineno - 2)]
            if not limited and "# no limit: " not in above:
                endless.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert waits
    assert endless == []


def test_what_is_cancelled_while_it_waits_ends() -> None:
    """`asyncio.wait_for` of Python 3.11 forgets to cancel where the answer comes at that very moment."""
    forgetful = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "asyncio.wait_for(" in path.read_text()
    ]
    assert forgetful == []


FORMS: dict[str, type[RunSettings]] = {
    "compare": CompareConfig,
    "heal": HealConfig,
    "scan": ScanConfig,
    "study": StudyConfig,
    "sweep": SweepConfig,
    "tune": TuneConfig,
}
"""The configuration class of files by the first word of their names; all others are for `outvoted mine`."""


def test_every_configuration_is_valid() -> None:
    files = sorted((ROOT / "configs").glob("*.yaml"))
    assert files
    for file in files:
        read(FORMS.get(file.stem.split("-")[0], MineConfig), file)


def test_a_file_of_tests_runs_in_one_process(request: pytest.FixtureRequest) -> None:
    """Else every process starts Ray and trains every panel of its own; versions of pytest-xdist differ."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("needs tests that run in parallel: pytest -n 3 --dist loadgroup")
    assert "@" in request.node.nodeid
