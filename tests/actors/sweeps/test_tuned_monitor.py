"""TensorBoard has a line for each trial of a sweep: its point, and what was measured of it."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from outvoted.actors.runs.watching import unwatched
from outvoted.actors.sweeps.tuned_monitor import TunedMonitor
from tests.analysis.tuning.made_up import failed, row

POINT = {"search.patience": 50, "search.strategy": {"kind": "gradient"}, "a.b": None, "c.d": True}


def test_a_trials_point_and_scores_are_a_line_of_hyper_parameters(tmp_path: Path) -> None:
    TunedMonitor(tmp_path).trial(row(7, POINT, {"success": 0.5, "moves": float("nan")}, (0, 1)))
    events = EventAccumulator(str(tmp_path / "tb" / "trial-0007")).Reload()
    assert [(one.step, one.value) for one in events.Scalars("success")] == [(7, 0.5)]
    assert events.Tags()["scalars"] == ["success"]
    content = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    told = HParamsPluginData.FromString(content).session_start_info.hparams
    assert {name: value.string_value for name, value in told.items() if value.string_value} == {
        "search.strategy": '{"kind": "gradient"}',
        "a.b": "null",
        "c.d": "true",
    }
    assert told["search.patience"].number_value == 50


def test_no_file_stays_open(tmp_path: Path) -> None:
    monitor = TunedMonitor(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        monitor.trial(row(number, POINT, {"success": 0.5}))
    monitor.trial(failed(row(20, POINT, {})))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert len(list((tmp_path / "tb").iterdir())) == 21
    assert unwatched(monitor) is None


def test_a_disk_that_refuses_stops_no_sweep(tmp_path: Path) -> None:
    (tmp_path / "tb").write_text("")
    monitor = TunedMonitor(tmp_path)
    for number in range(2):
        monitor.trial(row(number, POINT, {"success": 0.5}))
    assert "in part only" in (unwatched(monitor) or "")
