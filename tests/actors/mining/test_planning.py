"""Planning: as many seeds are drawn as hold the undisputed ones that are wanted, and no more."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.planning import MiningPlan, asked_about, planned, voting_order
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.id_ranges import IdRanges
from outvoted.search.messages import Answers, Questions, Replies
from outvoted.search.outcome import Outcome
from outvoted.search.plan import AskedSeeds, drawn_seeds
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Gradient


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

    def judge(self, found: FoundImages) -> Seen:
        raise AssertionError("planning ends with nothing")

    def exactness(self) -> tuple[Exactness, ...]:
        return (Exactness(),) * self.size


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
    seeds = drawn_seeds(run_seed, np.arange(found.searches.replicas), len(digits.train))
    votes = panel.vote(digits.train.images[seeds]).argmax(axis=2)
    right = (votes == digits.train.labels[seeds]).all(axis=0)
    assert right.sum() == per_target
    assert right[-1]


def test_a_longer_run_draws_more_seeds(panel: LocalPanel, digits: Dataset) -> None:
    counts = [plans(panel, digits, wanted).searches.replicas for wanted in range(1, 30)]
    assert counts == sorted(set(counts))


def test_every_target_gets_its_searches(
    coordinator: Coordinator, panel: LocalPanel, rules: Rules, digits: Dataset
) -> None:
    (lease,) = plans(panel, digits, 8, rules.run_seed).leases(IdRanges(), 1000)
    frame = coordinator.mine(lease, panel).searches.to_pandas()
    climbed = frame[frame["outcome"] != Outcome.SKIPPED]
    assert climbed["target"].value_counts().to_dict() == dict.fromkeys(range(rules.peers), 8)


class Counting(VotingPanel):
    """A panel that remembers which seeds each peer was asked about."""

    def __init__(self, honest: VotingPanel) -> None:
        self.honest = honest
        self.asked: list[tuple[int, int]] = []

    @property
    def size(self) -> int:
        return self.honest.size

    def ask(self, questions: Questions) -> Replies:
        for peer in questions.rows:
            self.asked += [(peer, seed) for seed in questions.of(peer).seed_id.tolist()]
        return self.honest.ask(questions)

    def vote(self, images: Pixels) -> Singles:
        return self.honest.vote(images)

    def judge(self, found: FoundImages) -> Seen:
        return self.honest.judge(found)

    def exactness(self) -> tuple[Exactness, ...]:
        return self.honest.exactness()


@pytest.mark.parametrize("targets", [None, ("peer-1",)])
@pytest.mark.parametrize("voters", [None, (0,), (1, 2)])
def test_every_peer_is_asked_once_about_each_seed_whatever_the_targets(
    targets: tuple[str, ...] | None, voters: tuple[int, ...] | None, panel: LocalPanel, digits: Dataset
) -> None:
    counting, names = Counting(panel), [f"peer-{peer}" for peer in range(panel.size)]
    search = SearchSettings(per_target=300, targets=targets, voters=voters)
    found = planned(counting, search, digits.train.labels, names)
    assert len(set(counting.asked)) == len(counting.asked) == found.inferences
    drawn = set(found.seeds.seed_id.tolist())
    assert set(counting.asked) >= {(peer, seed) for peer in range(panel.size) for seed in drawn}
    assert len(drawn) < found.searches.replicas  # some were drawn twice


def test_gradients_at_seeds_are_counted_once_for_each_undisputed_replica(
    panel: LocalPanel, digits: Dataset
) -> None:
    counting, names = Counting(panel), [f"peer-{peer}" for peer in range(panel.size)]
    search = SearchSettings(per_target=40, targets=("peer-1",), voters=(1,), strategy=Gradient())
    found = planned(counting, search, digits.train.labels, names)
    assert found.inferences == len(counting.asked) + 3 * 40 * 2  # two of the peers are in play


def test_leases_hold_what_the_panel_says_of_their_seeds(panel: LocalPanel, digits: Dataset) -> None:
    found = plans(panel, digits, 50)
    for lease in found.leases(IdRanges.of(np.arange(17)), 40):
        replicas = np.unique(lease.shard.replica)
        assert lease.order == found.order
        assert len(lease.seeds) == len(replicas)
        again = asked_about(panel, SearchSettings().transform, lease.seeds.seed_id)
        assert again.score.tobytes() == lease.seeds.score.tobytes()
        assert again.predicted.tobytes() == lease.seeds.predicted.tobytes()
        for search, replica in zip(lease.shard.seed_id, lease.shard.replica, strict=True):
            assert lease.seeds.seed_id[np.searchsorted(replicas, replica)] == search


def test_voters_stand_in_one_order_however_long_the_run(panel: LocalPanel, digits: Dataset) -> None:
    orders = {plans(panel, digits, per_target).order for per_target in (1, 5, 31, 32, 33, 200)}
    assert len(orders) == 1
    assert sorted(orders.pop()) == list(range(panel.size))


def test_who_is_least_sure_of_the_labels_is_asked_first() -> None:
    score = np.array([[3.0, np.nan, 1.0, np.inf], [3.0, 2.0, -1.0, 1.0]], np.float32)
    seeds = AskedSeeds(np.arange(2), score, np.zeros((2, 4), np.int16))
    assert voting_order(seeds) == (1, 2, 3, 0)


@pytest.mark.parametrize("per_target", [1, 20])
def test_a_panel_that_disputes_everything_is_one_message(per_target: int, digits: Dataset) -> None:
    with pytest.raises(OutvotedError) as caught:
        plans(Contrarian(), digits, per_target)
    assert caught.value.expected == f"{per_target} seeds that all 3 peers classify correctly"
    assert caught.value.found.startswith(f"0 among {50 * per_target} drawn from 800")
    assert "more epochs" in caught.value.remedy
    assert "panel." not in caught.value.remedy  # networks may come from Python
