"""A small configuration that mines real digits in seconds, and a way to run it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE

Mine = Callable[..., RunFolder]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of runs, so that the panel is trained once."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, digits_folder: Path) -> Path:
    """The file of a small configuration: 800 digits, three peers, 60 searches for each target."""
    config = {
        "data": {"name": "mnist-sample", "path": str(digits_folder)},
        "panel": {"networks": [{"kind": "mlp", "hidden": h} for h in (6, 12, 18)], "training": {"epochs": 8}},
        "referee": {"network": {"kind": "cnn", "channels": 4, "hidden": 16}, "training": {"epochs": 1}},
        "search": {"per_target": 60, "patience": 60},
        "cluster": {"shard_size": 50, "shards_in_flight": 2},
    }
    file = tmp_path_factory.mktemp("small") / "small.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture(scope="session")
def mined(local_ray: None, runs: Path, small: Path) -> Mine:
    """Mine the small configuration: ``mined(name, *overrides, resume=False)``."""

    def run(name: str, *overrides: str, resume: bool = False) -> RunFolder:
        store = RunFolder(runs / name)
        job = Job(MINE, read(MineConfig, small, overrides), store, resume=resume)
        launch(job, Console(quiet=True))
        return store

    return run


@pytest.fixture(scope="session")
def undisturbed(mined: Mine) -> RunFolder:
    """A run that nothing happened to."""
    return mined("undisturbed")
