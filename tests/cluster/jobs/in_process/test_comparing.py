"""Comparing strategies in one process: a run of mining for each, as `outvoted compare` leaves them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.analysis.comparison.report import comparison_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.in_process import maker_of
from outvoted.cluster.jobs.in_process.base import Making, Milestone
from outvoted.cluster.jobs.kinds import read
from tests.cluster.jobs.in_process.shelves import FolderShelf
from tests.cluster.rows import assert_same_rows


@pytest.fixture
def config(small: Path, tmp_path: Path) -> CompareConfig:
    """Two strategies, nine searches for each target."""
    values = yaml.safe_load(small.read_text())
    values["search"] |= {"per_target": 9, "patience": 20}
    file = tmp_path / "contest.yaml"
    file.write_text(yaml.safe_dump(values | {"strategies": ["random", "hillclimb"]}))
    return read(CompareConfig, file).settled(1)


@pytest.fixture
def images(config: CompareConfig) -> Dataset:
    """The 800 digits."""
    return datasets.load(config.data)


def test_each_strategy_has_the_run_that_it_would_have_alone(
    config: CompareConfig, images: Dataset, tmp_path: Path
) -> None:
    shelf = FolderShelf(tmp_path / ".panels")
    store = RunFolder(tmp_path / "contest")
    assert maker_of("compare").make(Making(config, store, images, shelf))
    assert {path.name for path in store.path.iterdir()} == {"run.json", "random", "hillclimb"}
    for name, part in config.parts():
        alone = RunFolder(tmp_path / name)
        assert maker_of("mine").make(Making(part, alone, images, shelf))
        assert_same_rows(RunFolder(store.path / name), alone)
        assert RunFolder(store.path / name).read_record().config == alone.read_record().config
    rows: Any = comparison_report(OpenedRun(store)).data["comparison.json"]
    assert [row.strategy for row in rows] == ["random", "hillclimb"]
    assert shelf.trainings == 1


def test_a_comparison_that_is_stopped_goes_on_with_the_next_strategy(
    config: CompareConfig, images: Dataset, tmp_path: Path
) -> None:
    shelf, store, heard = (
        FolderShelf(tmp_path / ".panels"),
        RunFolder(tmp_path / "contest"),
        list[Milestone](),
    )

    def once(milestone: Milestone) -> bool:
        heard.append(milestone)
        return False

    assert not maker_of("compare").make(Making(config, store, images, shelf, once))
    assert store.read_record().state == State.INTERRUPTED
    assert [path.name for path in store.path.iterdir() if path.is_dir()] == ["random"]
    assert len(heard[0].tables["random/searches"]) == len(Shards(store.path / "random").table("searches"))
    assert not len(heard[0].tables["hillclimb/searches"])
    assert maker_of("compare").make(Making(config, store, images, shelf))
    assert store.read_record().state == State.FINISHED
    assert (store.path / "hillclimb" / "run.json").exists()
    assert maker_of("compare").make(Making(config, store, images, shelf, once))
    assert [(one.number, one.of) for one in heard] == [(1, 2), (2, 2)]
    assert len(heard[1].tables["hillclimb/searches"]) == len(
        Shards(store.path / "hillclimb").table("searches")
    )
