"""Planning: as many seeds are drawn as hold the undisputed ones that are wanted, and no more."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import MiningPlan, planned
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import Outcome, Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.messages import Answers, Questions, Replies
from outvoted.search.plan import drawn_seeds
from outvoted.search.search_settings import SearchSettings


@dataclass(frozen=True)
class Contrarian(VotingPanel):
    """A panel whose last peer answers a class that there is not."""

    size: int = 3

    def ask(self, questions: Questions) -> Replies:
        return {
            peer: Answers(np.zeros(len(rows), np.float32), np.full(len(rows), -7 if peer else 0, np.int16))
            for peer, rows in questions.rows.items()
        }

    def vote(self, images: Pixels) -> Singles:
        raise AssertionError("planning asks about seeds")


def plans(panel: VotingPanel, digits: Dataset, per_target: int, seed: int = 7) -> MiningPlan:
    """Plan searches of every peer against all others."""
    names = [f"peer-{peer}" for peer in range(panel.size)]
    return planned(panel, SearchSettings(per_target=per_target, seed=seed), digits.train.labels, names)


@settings(max_examples=15)
@given(per_target=st.integers(1, 60), run_seed=st.integers(0, 2**63 - 1))
def test_just_as_many_seeds_are_undisputed_as_are_wanted(
    per_target: int, run_seed: int, panel: LocalPanel, digits: Dataset
) -> None:
    found = plans(panel, digits, per_target, run_seed)
    seeds = drawn_seeds(run_seed, np.arange(found.replicas), len(digits.train))
    votes = panel.vote(digits.train.images[seeds]).argmax(axis=2)
    right = (votes == digits.train.labels[seeds]).all(axis=0)
    assert right.sum() == per_target
    assert right[-1]


def test_a_longer_run_draws_more_seeds(panel: LocalPanel, digits: Dataset) -> None:
    counts = [plans(panel, digits, wanted).replicas for wanted in range(1, 30)]
    assert counts == sorted(set(counts))


def test_every_target_gets_its_searches(
    coordinator: Coordinator, panel: LocalPanel, rules: Rules, digits: Dataset
) -> None:
    result = coordinator.mine(plans(panel, digits, 8, rules.run_seed).searches, panel)
    frame = result.searches.to_pandas()
    climbed = frame[frame["outcome"] != Outcome.SKIPPED]
    assert climbed["target"].value_counts().to_dict() == dict.fromkeys(range(rules.peers), 8)


@pytest.mark.parametrize("per_target", [1, 20])
def test_a_panel_that_disputes_everything_is_one_message(per_target: int, digits: Dataset) -> None:
    with pytest.raises(OutvotedError) as caught:
        plans(Contrarian(), digits, per_target)
    assert caught.value.expected == f"{per_target} seeds that all 3 peers classify correctly"
    assert caught.value.found.startswith(f"0 among {50 * per_target} drawn from 800")
    assert "more epochs" in caught.value.remedy
    assert "panel." not in caught.value.remedy  # networks may come from Python
