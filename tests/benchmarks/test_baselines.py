"""The law that makes the bench fair: what a baseline is credited with, our panel calls a mistake too."""

from functools import partial

import numpy as np
import pytest
import torch

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from tests.benchmarks import baselines
from tests.benchmarks.baselines import Counted, Problem, Search
from tests.benchmarks.panels import WIDE, agreed

SEEDS = 20


@pytest.fixture(scope="module")
def problem(trained: list[Member], digits: Dataset) -> Problem:
    networks = tuple(
        member.build(digits.shape, digits.classes).float().eval().requires_grad_(False) for member in trained
    )
    return Problem(networks, agreed(networks, digits.train, SEEDS), WIDE)


def _foolbox(problem: Problem, target: int, panel: Counted, target_first: bool) -> torch.Tensor:
    pytest.importorskip("foolbox")
    return baselines.foolbox(grid=False, target_first=target_first)(problem, target, panel)


SEARCHES: dict[str, Search] = {
    "plain PyTorch": baselines.random_moves,
    "one at a time": baselines.one_at_a_time,
    "joint gradients": baselines.joint_gradients,
    "Foolbox": partial(_foolbox, target_first=False),
    "Foolbox, target first": partial(_foolbox, target_first=True),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_what_a_baseline_is_credited_with_is_a_mistake_to_our_panel(name: str, problem: Problem) -> None:
    few, target = problem.rows(np.arange(6)), 0
    counted = Counted(few.networks)
    with torch.no_grad():
        images = SEARCHES[name](few, target, counted)
    renderer = Renderer(few.transform, few.seeds)
    panel = LocalPanel([Peer(network, renderer) for network in few.networks])
    stored = (images * 255).round().clamp(0, 255).byte().numpy()
    correct = panel.classify(stored) == few.seeds.labels
    outvoted = ~correct[target] & np.delete(correct, target, axis=0).all(0)
    assert few.verified(target, images) == outvoted.sum()
    assert counted.inferences >= len(few.seeds)
