"""A trial's rows and votes follow the experiment's fields, and neither company nor a cut changes them."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import torch

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs import schema
from outvoted.analysis.sweeps.base import Experiment, Unit
from outvoted.analysis.sweeps.trial import Trial
from tests.analysis.sweeps.trials import TRAINING, noise, run, temperature, told, trial, units

EXPERIMENTS: list[Callable[[], Experiment]] = [temperature, noise]
every = pytest.mark.parametrize("make", EXPERIMENTS, ids=["temperature", "noise"])


def first(experiment: Experiment) -> list[Unit]:
    """Units that are trained on equal samples."""
    found = units(experiment)
    return [unit for unit in found if unit.setting.samples == found[0].setting.samples]


@every
def test_rows_follow_the_fields(make: Callable[[], Experiment], digits: Dataset) -> None:
    experiment = make()
    ended = run(trial(experiment, first(experiment), digits))
    wanted = [
        name
        for name in schema.TRIALS.with_fields(experiment.fields()).arrow.names
        if name not in ("outcome", "reason")
    ]
    for unit, rows in zip(ended.units, ended.rows, strict=True):
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert {(row["setting"], row["seed"]) for row in rows} == {(unit.setting.label, unit.seed)}
        assert all(list(row) == wanted for row in rows)
        table = pa.Table.from_pylist(rows, schema=schema.TRIALS.with_fields(experiment.fields()).arrow)
        assert table["test_accuracy"].null_count == 0


@every
def test_votes_follow_the_schema_and_the_rows(make: Callable[[], Experiment], digits: Dataset) -> None:
    experiment = make()
    ended = run(trial(experiment, first(experiment), digits))
    for unit, rows, votes in zip(ended.units, ended.rows, ended.votes, strict=True):
        assert votes.schema.equals(schema.VOTES.arrow, check_metadata=True)
        frame = votes.to_pandas()
        assert set(frame["setting"]) == {unit.setting.label}
        assert set(frame["seed"]) == {unit.seed}
        tested = frame[frame["split"] == "test"]
        assert tested["image_id"].tolist() == list(range(len(digits.test)))
        assert tested["label"].tolist() == digits.test.labels.tolist()
        assert (tested["label"] == tested["predicted"]).mean() == pytest.approx(rows[-1]["test_accuracy"])
        right = tested[tested["label"] == tested["predicted"]]
        np.testing.assert_array_equal(right["confidence"], right["label_probability"])
        assert (tested["confidence"] >= tested["label_probability"]).all()


@every
def test_networks_are_restored_from_their_members(make: Callable[[], Experiment], digits: Dataset) -> None:
    experiment = make()
    ended = run(trial(experiment, first(experiment), digits))
    for unit, member, rows in zip(ended.units, ended.members(), ended.rows, strict=True):
        assert (member.name, member.training_seed) == (unit.name, unit.seed)
        assert member.test_accuracy == rows[-1]["test_accuracy"]
        assert [record.epoch for record in member.epochs] == [1, 2, 3]
        member.build(digits.shape, digits.classes)


@every
def test_a_trial_that_goes_on_gives_equal_rows(make: Callable[[], Experiment], digits: Dataset) -> None:
    experiment = make()
    whole = run(trial(experiment, first(experiment), digits))
    cut = trial(experiment, first(experiment), digits)
    for epoch in cut.advance():
        if epoch == 2:
            break
    assert cut.votes == ()
    gone_on = run(trial(experiment, first(experiment), digits, cut.kept()))
    assert_same(whole, gone_on)


@pytest.mark.skipif(torch.cuda.is_available(), reason="see Stack: on a CPU bit for bit")
@every
def test_company_changes_nothing_that_is_measured(make: Callable[[], Experiment], digits: Dataset) -> None:
    experiment = make()
    some = first(experiment)
    together = run(trial(experiment, some, digits))
    for index, unit in enumerate(some):
        alone = run(trial(experiment, [unit], digits))
        assert told(alone.rows[0]) == told(together.rows[index])
        assert alone.votes[0].equals(together.votes[index])


def test_pixels_are_attacked_after_the_last_epoch_alone(digits: Dataset) -> None:
    experiment = temperature()
    ended = run(trial(experiment, units(experiment), digits))
    assert [row["pixel_fooled"] is None for row in ended.rows[0]] == [True, True, False]
    assert np.array(ended.rows[0][-1]["pixel_fooled"]).shape == (10, 2)
    assert np.array(ended.rows[0][-1]["class_robustness"]).shape == (2, 10)
    assert ended.votes[0]["pixels"].null_count == 0


def test_no_pixels_leave_the_attack_out(digits: Dataset) -> None:
    experiment = temperature().model_copy(update={"pixels": 0})
    ended = run(trial(experiment, units(experiment), digits))
    assert ended.rows[0][-1]["pixel_fooled"] is None
    assert ended.votes[0]["pixels"].null_count == len(digits.test)


def assert_same(one: Trial, other: Trial) -> None:
    assert list(map(told, one.rows)) == list(map(told, other.rows))
    assert all(a.equals(b) for a, b in zip(one.votes, other.votes, strict=True))
    assert [member.sha256 for member in one.members()] == [member.sha256 for member in other.members()]
    assert len(one.rows[0]) == TRAINING.epochs
