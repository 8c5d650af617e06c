"""How the networks of a sweep are to be mined is checked before anything starts."""

from pathlib import Path

import pytest
import yaml

from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.mining import check_mining
from outvoted.search.errors import OutvotedError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file of a sweep that is not mined."""
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump({"experiment": {"kind": "temperature"}, "seeds": [0, 2]}))
    return file


def test_mining_is_switched_on_by_one_setting(config: Path, digits: Dataset) -> None:
    assert read(SweepConfig, config).mining is None
    check_mining(read(SweepConfig, config), digits)
    wanted = read(SweepConfig, config, ["mining.search.per_target=50"])
    assert wanted.mining is not None
    assert wanted.mining.search.per_target == 50
    assert wanted.mining.referee is not None
    check_mining(wanted, digits)


def test_targets_are_called_by_their_seeds(config: Path, digits: Dataset) -> None:
    check_mining(read(SweepConfig, config, ["mining.search.targets=[seed-2]"]), digits)
    for target in ("seed-1", "T1.seed-0"):
        with pytest.raises(OutvotedError, match="seed-0, seed-2"):
            check_mining(read(SweepConfig, config, [f"mining.search.targets=[{target}]"]), digits)


def test_more_voters_than_replicates_are_refused(config: Path, digits: Dataset) -> None:
    check_mining(read(SweepConfig, config, ["mining.search.voters=[1]"]), digits)
    with pytest.raises(OutvotedError, match="from 0 to 1"):
        check_mining(read(SweepConfig, config, ["mining.search.voters=[2]"]), digits)


def test_a_strategy_that_cannot_search_the_transform_is_refused(config: Path, digits: Dataset) -> None:
    check_mining(read(SweepConfig, config, ["mining.search.strategy.kind=gradient"]), digits)
    overrides = ["mining.search.transform.kind=pixel_swap", "mining.search.strategy.kind=gradient"]
    with pytest.raises(OutvotedError, match="gradient"):
        check_mining(read(SweepConfig, config, overrides), digits)


def test_a_single_replicate_is_no_panel(config: Path) -> None:
    with pytest.raises(OutvotedError, match="at least 2 seeds"):
        read(SweepConfig, config, ["seeds=[0]", "mining.search.per_target=50"])
