"""A small finished run, mined in this process once for all tests that read one, and copies to be altered."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import planned
from outvoted.actors.mining.recorder import Recorder
from outvoted.actors.networks import CNN, members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train, trained_member
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.climb import Rules
from outvoted.search.id_ranges import IdRanges
from outvoted.search.search_settings import SearchSettings
from tests.actors.data.formats import write_idx

PER_TARGET = 30
REFEREE = RefereeSettings(network=CNN(channels=4, hidden=16), training=Training(epochs=3))
SECONDS = 12.5


@pytest.fixture(scope="session")
def digits_folder(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few digits as the four files of a data set."""
    folder = tmp_path_factory.mktemp("digits")
    for split, name in ((digits.train, "train"), (digits.test, "t10k")):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", split.images[:, 0])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", split.labels.astype(np.uint8))
    return folder


@pytest.fixture(scope="session")
def referee(digits: Dataset) -> Member:
    """A small convolutional network that is never on the panel."""
    epochs = train(REFEREE.network, REFEREE.training, digits, 0)
    return trained_member("referee", "referee", REFEREE.network, 0, epochs)


@pytest.fixture(scope="session")
def config(rules: Rules, trained: list[Member], digits_folder: Path) -> dict[str, Any]:
    """What `run.json` says a run was configured with."""
    networks = tuple(member.architecture for member in trained)
    search = SearchSettings(per_target=PER_TARGET, seed=rules.run_seed, patience=rules.patience)
    assert search.rules(rules.peers) == rules
    return {
        "data": DataSettings(path=digits_folder).model_dump(mode="json"),
        "panel": PanelSettings.model_validate({"networks": networks}).model_dump(mode="json"),
        "referee": REFEREE.model_dump(mode="json"),
        "search": search.model_dump(mode="json"),
        "cluster": {"cells": 1},
    }


@pytest.fixture(scope="session")
def record(config: dict[str, Any], trained: list[Member], digits_folder: Path) -> RunRecord:
    """The record of the finished run."""
    data = datasets.load(DataSettings(path=digits_folder))
    return RunRecord(
        name="small",
        state=State.FINISHED,
        config=config,
        versions={"outvoted": "0"},
        data=DataRecord(
            name=data.name, fingerprint=data.fingerprint, train=len(data.train), test=len(data.test)
        ),
        panel_fingerprint=fingerprint(trained),
        figures={"seconds": SECONDS},
    )


@pytest.fixture(scope="session")
def run_path(
    record: RunRecord,
    rules: Rules,
    panel: LocalPanel,
    digits: Dataset,
    trained: list[Member],
    referee: Member,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder of a finished run, not to be altered: thirty searches for each target, in shards of 40."""
    store = RunFolder(tmp_path_factory.mktemp("runs") / "small")
    members.save(store.peers, [*trained, referee])
    seeds = digits.train
    judge = Peer(referee.build(digits.shape, digits.classes), Renderer(rules.transform, seeds))
    names = tuple(member.name for member in trained)
    coordinator = Coordinator(rules, seeds, names, judge)
    search = SearchSettings(per_target=PER_TARGET, seed=rules.run_seed)
    plans = planned(panel, search, seeds.labels, names)
    recorder = Recorder(store.path)
    for lease in plans.leases(IdRanges(), 40):
        recorder.record(coordinator.mine(lease, panel))
    recorder.close()
    figures = plans.figures().model_dump() | record.figures
    store.write_record(record.model_copy(update={"figures": figures}))
    return store.path


@pytest.fixture(scope="session")
def run(run_path: Path) -> OpenedRun:
    """The finished run, opened."""
    return OpenedRun(RunFolder(run_path))


@pytest.fixture
def own(run_path: Path, tmp_path: Path) -> RunFolder:
    """A copy of the finished run, to be altered."""
    return RunFolder(Path(shutil.copytree(run_path, tmp_path / "small")))
