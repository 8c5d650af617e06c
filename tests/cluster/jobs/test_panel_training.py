"""Who trains a panel, cells or tasks, changes none of its weights."""

from pathlib import Path

import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import CNN, MLP
from outvoted.actors.networks.members import fingerprint
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings, recipes
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.training.steps import Training
from outvoted.cluster.console.terminal import Lines, Terminal
from outvoted.cluster.jobs.networks import Trainers, trained
from outvoted.cluster.ray.cells import Cell
from outvoted.cluster.ray.layout import Layout
from outvoted.cluster.ray.placement import Share

LAYOUT = Layout(inside=True, cells=1, peers=2, share=Share(0.5, 0), shards_in_flight=4)
BRIEF = Training(epochs=2)
WANTED = recipes(
    PanelSettings(networks=(MLP(hidden=3), MLP(hidden=4)), training=BRIEF),
    RefereeSettings(network=CNN(channels=2, hidden=4), training=BRIEF),
)


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_cells_train_a_panel_to_the_weights_of_tasks(digits: Dataset, tmp_path: Path) -> None:
    def fingerprint_by(trainers: Trainers, folder: str) -> str:
        heard: list[tuple[str, EpochRecord]] = []
        bars = Lines(Terminal(quiet=True))
        found = trained(tmp_path / folder, WANTED, digits, trainers, bars, lambda *epoch: heard.append(epoch))
        assert [(one.name, epoch) for one in found for epoch in one.epochs] == sorted(
            heard, key=lambda epoch: [recipe.name for recipe in WANTED].index(epoch[0])
        )
        return fingerprint(found)

    cell = Cell(LAYOUT)
    by_cell = fingerprint_by([cell.actor], "cell")
    cell.end()
    assert by_cell == fingerprint_by(Share(0.5, 0), "tasks")


def test_cells_that_are_too_few_or_hold_no_network_leave_training_to_tasks() -> None:
    outside = Layout(inside=False, cells=9, peers=2, share=Share(0.1, 0), shards_in_flight=4)
    assert [LAYOUT.trains(2, cpus) for cpus in (1, 2, 8)] == [True, False, False]
    assert LAYOUT.trains(1, 8)
    assert not outside.trains(1, 1)
