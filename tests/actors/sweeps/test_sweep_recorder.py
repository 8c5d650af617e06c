"""The recorder of a sweep: what trials hand in, once, in rows, files and curves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from outvoted.actors.networks import MLP
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import schema
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.sweeps.sweep_recorder import SweepMonitor, SweepRecorder, figures
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, STOPPED, Kept, Row, SweepStore
from outvoted.actors.training.stacked_training import TrainingState
from tests.actors.sweeps.conftest import FIELDS, NAN, member, row

UNIT = "T2.seed-0"
UNMEASURED: Row = {"setting": "T2", "seed": 0, "epoch": 0}
NO_VOTES = schema.VOTES.arrow.empty_table()


@pytest.fixture
def recorder(store: SweepStore) -> Iterator[SweepRecorder]:
    found = SweepRecorder(store.path, FIELDS)
    yield found
    found.close()


def kept(*epochs: int) -> Kept:
    return Kept(TrainingState(len(epochs), {"a": torch.ones(2)}), tuple(row(epoch) for epoch in epochs))


def epochs(store: SweepStore) -> list[int]:
    return store.trials([UNIT])["epoch"].tolist()


def test_a_unit_that_finishes_leaves_rows_votes_and_network(
    recorder: SweepRecorder, store: SweepStore
) -> None:
    recorder.keep(UNIT, kept(1))
    for _ in range(2):  # a call may be made again
        recorder.finish(UNIT, {"temperature": 2.0}, [row(1), row(2)], member(UNIT), NO_VOTES)
        assert store.outcomes() == {UNIT: FINISHED}
        assert epochs(store) == [1, 2]
        assert store.votes(UNIT).num_rows == 0
        assert recorder.kept(UNIT) is None


def test_a_unit_that_is_stopped_has_the_rows_of_its_epochs(
    recorder: SweepRecorder, store: SweepStore
) -> None:
    recorder.epoch(UNIT, row(1))
    recorder.epoch(UNIT, row(2))
    recorder.end(UNIT, UNMEASURED, STOPPED, None)
    assert store.outcomes() == {UNIT: STOPPED}
    assert epochs(store) == [1, 2]


def test_a_unit_that_fails_at_once_has_one_row_without_measurements(
    recorder: SweepRecorder, store: SweepStore
) -> None:
    recorder.end(UNIT, UNMEASURED, FAILED, "Traceback ...\nValueError: why")
    (found,) = store.trials([UNIT]).to_dict("records")
    assert (found["epoch"], found["reason"]) == (0, "Traceback ...\nValueError: why")
    assert found["by_class"] is None


def test_a_unit_that_goes_on_keeps_the_rows_before(recorder: SweepRecorder, store: SweepStore) -> None:
    recorder.keep(UNIT, kept(1, 2))
    again = SweepRecorder(store.path, FIELDS)
    assert again.kept(UNIT) is not None
    again.epoch(UNIT, row(3))
    again.end(UNIT, UNMEASURED, STOPPED, None)
    again.close()
    assert epochs(store) == [1, 2, 3]


def test_rows_of_an_earlier_try_are_forgotten(recorder: SweepRecorder, store: SweepStore) -> None:
    for epoch in (1, 2, 3):
        recorder.epoch(UNIT, row(epoch))
    for epoch in (2, 2):  # begun again from after epoch 1, and a call that is made twice
        recorder.epoch(UNIT, row(epoch))
    recorder.end(UNIT, UNMEASURED, STOPPED, None)
    assert epochs(store) == [1, 2]


def test_tensorboard_shows_curves_and_the_table_of_settings(
    recorder: SweepRecorder, store: SweepStore
) -> None:
    rows = [row(1), row(2)]
    for one in rows:
        recorder.epoch(UNIT, one)
    recorder.finish(UNIT, {"temperature": 2.0, "noise": "none"}, rows, member(UNIT), NO_VOTES)
    events = _events(store.folder.tensorboard / UNIT)
    assert [(point.step, point.value) for point in events.Scalars("test_accuracy")] == [(1, 0.25), (2, 0.25)]
    assert events.Scalars("by_class")[0].value == pytest.approx(1.6 / 3)
    assert events.Scalars("last/test_accuracy")[0].value == 0.25
    settings = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    assert b"temperature" in settings
    assert b"noise" in settings
    assert "epoch" not in events.Tags()["scalars"]


def test_every_network_has_a_folder_of_its_own(recorder: SweepRecorder, store: SweepStore) -> None:
    units = ["T2.seed-0", "hc+ls-0.25+uniform-0-255-x5.seed-1"]
    for unit in units:
        recorder.epoch(unit, row(1, unit))
    assert {path.name for path in store.folder.tensorboard.iterdir()} == set(units)


def test_no_file_stays_open_of_a_network_that_has_ended(tmp_path: Path) -> None:
    monitor = SweepMonitor(tmp_path)
    for unit, leave in (("a.seed-0", True), ("b.seed-0", False)):
        monitor.epoch(unit, row(1, unit))
        if leave:
            monitor.leave(unit)
            monitor.leave(unit)
        else:
            monitor.end(unit, {"temperature": 1.0}, row(1, unit))
    assert not monitor._writers


def test_figures_are_numbers_or_means_of_what_was_measured() -> None:
    told = figures(
        {
            "setting": "T2",
            "seed": 3,
            "epoch": 4,
            "loss": 0.5,
            "wrong_truth": NAN,
            "pixel_fooled": None,
            "robustness": [0.25, NAN, 0.75],
            "class_robustness": [[0.0, 1.0], [NAN, 0.5]],
        }
    )
    assert told == {"loss": 0.5, "robustness": 0.5, "class_robustness": 0.5}


def test_a_network_is_kept_as_the_unit_it_is(recorder: SweepRecorder, store: SweepStore) -> None:
    built = MLP(hidden=2).build((1, 2, 2), 3).state_dict()
    trained = Member(UNIT, "peer", MLP(hidden=2), 5, dict(built), (EpochRecord(1, 0.5, 0.25),))
    recorder.finish(UNIT, {"temperature": 2.0}, [row(1)], trained, NO_VOTES)
    assert (store.networks(UNIT) / f"{UNIT}.safetensors").is_file()


def _events(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events
