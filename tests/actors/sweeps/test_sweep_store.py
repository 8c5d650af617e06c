"""A sweep's folder: checkpoints come back as they were, units are there or not, whatever is written twice."""

import math

import pytest
import torch

from outvoted.actors.networks import members
from outvoted.actors.runs import schema
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, STOPPED, Kept, SweepStore
from outvoted.actors.training.stacked_training import TrainingState
from outvoted.search.errors import OutvotedError
from tests.actors.sweeps.conftest import member, row


def kept(epoch: int = 3) -> Kept:
    weights = {"1.weight": torch.randn(4, 3), "1.bias": torch.randn(4)}
    moments = tuple({"exp_avg": torch.randn(3, 4), "step": torch.tensor(7.0)} for _ in range(11))
    return Kept(TrainingState(epoch, weights, moments), tuple(row(number + 1) for number in range(epoch)))


def test_a_checkpoint_comes_back_as_it_was(store: SweepStore) -> None:
    assert store.kept("T2.seed-0") is None
    assert store.epochs_kept("T2.seed-0") == 0
    before = kept()
    store.keep("T2.seed-0", before)
    after = store.kept("T2.seed-0")
    assert after is not None
    assert store.epochs_kept("T2.seed-0") == after.progress.epoch == 3
    assert after.progress.weights.keys() == before.progress.weights.keys()
    assert len(after.progress.moments) == 11  # in the order of numbers, not of their names
    pairs = [(before.progress.weights, after.progress.weights)]
    pairs += zip(before.progress.moments, after.progress.moments, strict=True)
    for one, other in pairs:
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert repr(after.rows) == repr(before.rows)  # NaN is not equal to itself
    assert math.isnan(after.rows[0]["by_class"][0][1])  # type: ignore[index]


def test_a_checkpoint_from_before_the_first_epoch_comes_back(store: SweepStore) -> None:
    store.keep("T2.seed-0", Kept(TrainingState(0, kept().progress.weights), ()))
    after = store.kept("T2.seed-0")
    assert after is not None
    assert (after.progress.epoch, after.progress.moments, after.rows) == (0, (), ())


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_checkpoint_is_named(damage: str, store: SweepStore) -> None:
    store.keep("T2.seed-0", kept())
    (path,) = (store.path / "checkpoints").iterdir()
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "other": b"{}" * 99}[damage])
    with pytest.raises(OutvotedError, match=r"T2\.seed-0\.safetensors") as said:
        store.kept("T2.seed-0")
    assert "delete the file" in said.value.remedy


def test_a_checkpoint_without_its_notes_is_named(store: SweepStore) -> None:
    from safetensors.torch import save_file

    (store.path / "checkpoints").mkdir(parents=True)
    save_file({"weights/a": torch.ones(1)}, store.path / "checkpoints" / "T2.seed-0.safetensors")
    with pytest.raises(OutvotedError, match=r"a checkpoint of T2\.seed-0"):
        store.kept("T2.seed-0")


def test_no_unit_is_there_before_it_has_ended(store: SweepStore) -> None:
    store.keep("T2.seed-0", kept())
    store.write_network("T2.seed-0", member("T2.seed-0"), schema.VOTES.arrow.empty_table())
    assert store.outcomes() == {}
    assert len(store.trials(["T2.seed-0"])) == 0
    assert "by_class" in store.trials(["T2.seed-0"]).columns


@pytest.mark.parametrize(("outcome", "stays"), [(FINISHED, False), (STOPPED, False), (FAILED, True)])
def test_only_failure_keeps_the_checkpoint(outcome: str, stays: bool, store: SweepStore) -> None:
    store.keep("T2.seed-0", kept())
    store.write_unit("T2.seed-0", [row(1), row(2)], outcome, "why" if outcome == FAILED else None)
    assert (store.kept("T2.seed-0") is not None) == stays
    assert store.outcomes() == {"T2.seed-0": outcome}
    rows = store.trials(["T2.seed-0"])
    assert rows["outcome"].tolist() == [outcome] * 2
    assert rows["reason"].fillna("").tolist() == ["why" if outcome == FAILED else ""] * 2


def test_writing_twice_changes_nothing(store: SweepStore) -> None:
    unit, votes = "T2.seed-0", schema.VOTES.arrow.empty_table()
    contents = []
    for _ in range(2):
        store.write_network(unit, member(unit), votes)
        store.write_unit(unit, [row(1)], FINISHED, None)
        contents.append({path: path.is_file() for path in sorted(store.path.rglob("*"))})
    assert contents[0] == contents[1]
    assert len(store.trials([unit])) == 1
    assert members.load(store.networks(unit))[0].name == unit
    assert store.votes(unit).num_rows == 0


def test_a_unit_that_failed_may_finish_later(store: SweepStore) -> None:
    store.write_unit("T2.seed-0", [{"setting": "T2", "seed": 0, "epoch": 0}], FAILED, "why")
    store.write_unit("T2.seed-0", [row(1)], FINISHED, None)
    assert store.outcomes() == {"T2.seed-0": FINISHED}
    assert store.trials(["T2.seed-0"])["epoch"].tolist() == [1]


def test_rows_come_in_the_order_that_is_asked_for(store: SweepStore) -> None:
    names = ["T2.seed-0", "T2.seed-1", "T10.seed-0"]
    for name in names:
        store.write_unit(name, [row(1, name), row(2, name)], FINISHED, None)
    asked = [names[2], "T3.seed-0", names[1]]
    found = store.trials(asked)
    assert list(zip(found["setting"], found["seed"], found["epoch"], strict=True)) == [
        ("T10", 0, 1),
        ("T10", 0, 2),
        ("T2", 1, 1),
        ("T2", 1, 2),
    ]


def test_votes_that_are_not_there_are_named(store: SweepStore) -> None:
    with pytest.raises(OutvotedError, match=r"votes/T2\.seed-0\.parquet"):
        store.votes("T2.seed-0")
