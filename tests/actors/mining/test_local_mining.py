"""Mining a panel in one process: the rows are those of any run with these searches and networks."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, Images
from outvoted.actors.data.formats import Npz
from outvoted.actors.data.noises import NoiseClass, Uniform, with_noise
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.local_mining import MiningResult, mine_panel, mined_together
from outvoted.actors.mining.planning import planned
from outvoted.actors.networks import MLP
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train
from outvoted.search.climb import Rules
from outvoted.search.errors import OutvotedError
from outvoted.search.id_ranges import IdRanges
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Gradient

SEARCH = SearchSettings(per_target=12, patience=40, seed=7)


@pytest.fixture(scope="module")
def images(digits: Dataset) -> Images:
    """The seeds: all training digits."""
    return Images(digits.train, digits.shape, digits.classes)


@pytest.fixture(scope="module")
def mined(trained: list[Member], images: Images, referee: Member) -> MiningResult:
    """Twelve searches for each of three peers."""
    return mine_panel(SEARCH, trained, images, images.classes, referee)


@pytest.fixture(scope="module")
def wary(digits: Dataset) -> list[Member]:
    """Two peers that know noise from digits: eleven classes."""
    data = with_noise(digits, NoiseClass(noise=Uniform()))
    found = []
    for seed in range(2):
        weights = list(train(MLP(hidden=16), Training(epochs=6), data, seed))[-1].weights
        assert weights is not None
        record = (EpochRecord(6, 0.0, None),)
        found.append(Member(f"seed-{seed}", "peer", MLP(hidden=16), seed, weights, record))
    return found


def timeless(searches: pa.Table) -> pa.Table:
    return searches.drop_columns(["finished_at"])


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_the_rows_are_a_coordinators_whatever_the_shards_and_however_many_go_on_at_once(
    at_once: int,
    mined: MiningResult,
    trained: list[Member],
    panel: LocalPanel,
    rules: Rules,
    judge: Peer,
    digits: Dataset,
) -> None:
    assert SEARCH.rules(3) == rules
    names = tuple(member.name for member in trained)
    coordinator = Coordinator(rules, digits.train, names, judge)
    plans = planned(panel, SEARCH, digits.train.labels, names)
    leases = list(plans.leases(IdRanges(), 7))
    results = sorted(
        mined_together(coordinator, iter(leases), panel, at_once), key=lambda result: result.name
    )
    assert [result.name for result in results] == [lease.shard.name for lease in leases]
    searches = pa.concat_tables([result.searches for result in results])
    assert timeless(searches).equals(timeless(mined.searches))
    assert pa.concat_tables([result.mistakes for result in results]).equals(mined.mistakes)
    assert len(mined.mistakes) > 0


def test_every_peer_is_searched_from_the_same_seeds(mined: MiningResult) -> None:
    rows = mined.searches.to_pandas()
    begun = rows[rows["outcome"] != "skipped"]
    seeds = {tuple(of["seed_id"]) for _, of in begun.groupby("target_name")}
    assert len(seeds) == 1
    assert len(seeds.pop()) == 12


def test_panels_of_one_run_seed_draw_the_same_seeds(
    mined: MiningResult, wary: list[Member], images: Images
) -> None:
    other = mine_panel(SEARCH, wary, images, 11, None).searches.to_pandas()
    one = mined.searches.to_pandas()
    drawn = [rows.drop_duplicates("replica").set_index("replica")["seed_id"] for rows in (one, other)]
    both = drawn[0].index.intersection(drawn[1].index)
    assert len(both) >= 12
    assert (drawn[0][both] == drawn[1][both]).all()


def test_peers_that_know_noise_are_judged_by_a_referee_that_does_not(
    wary: list[Member], images: Images, referee: Member
) -> None:
    mistakes = mine_panel(SEARCH, wary, images, 11, referee).mistakes.to_pylist()
    assert mistakes
    for row in mistakes:
        assert np.shape(row["probabilities"]) == (2, 11)
        assert max(row["label"], row["referee_predicted"]) < 10
        assert row["predicted"] == np.argmax(row["probabilities"][row["target"]])


def test_gradients_are_to_be_had(trained: list[Member], images: Images) -> None:
    search = SEARCH.model_copy(update={"strategy": Gradient(), "per_target": 3})
    searches = mine_panel(search, trained, images, images.classes, None).searches.to_pandas()
    assert set(searches["outcome"]) <= {"mistake", "exhausted", "skipped"}
    assert "mistake" in set(searches["outcome"])


def test_weights_for_other_classes_are_refused(trained: list[Member], images: Images) -> None:
    with pytest.raises(OutvotedError, match="weights of mlp-6 that fit"):
        mine_panel(SEARCH, trained, images, 11, None)


def test_seeds_that_stay_on_disk_give_the_rows_of_seeds_in_memory(
    mined: MiningResult, trained: list[Member], images: Images, referee: Member, tmp_path: Path
) -> None:
    np.savez(tmp_path / "digits.npz", x_train=images.seeds.images, y_train=images.seeds.labels)
    data = datasets.load(Npz(path=tmp_path / "digits.npz", test_share=0, hold="disk"))
    stored = Images(data.train, data.shape, data.classes)
    assert not stored.seeds.held
    found = mine_panel(SEARCH, trained, stored, stored.classes, referee)
    assert timeless(found.searches).equals(timeless(mined.searches))
    assert found.mistakes.equals(mined.mistakes)
