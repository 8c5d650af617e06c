"""TensorBoard never stops a run: whatever the disk does to its files, rows go on being recorded."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from outvoted.actors.mining.monitor import Monitor
from outvoted.actors.mining.recorder import Recorder
from outvoted.actors.mining.shards import Progress, ShardResult
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.watching import Watched, unwatched
from outvoted.actors.sweeps.sweep_recorder import SweepMonitor

FULL = os.strerror(errno.ENOSPC)


def mining(folder: Path, mined: ShardResult) -> Watched:
    """Show a network's training and a shard."""
    monitor = Monitor(folder)
    monitor.epoch("mlp-6", EpochRecord(1, 0.5, 0.9))
    monitor.step(3, {"loss": 1.0})
    monitor.shard(Progress().plus(mined.searches), lambda: mined.mistakes)
    monitor.close()
    return monitor


def sweeping(folder: Path, mined: ShardResult) -> Watched:
    """Show a network's epochs and settings."""
    monitor = SweepMonitor(folder)
    for epoch in (1, 2):
        monitor.epoch("one", {"epoch": epoch, "loss": 0.5})
    monitor.end("one", {"rate": 0.1}, {"epoch": 2, "loss": 0.5})
    monitor.close()
    return monitor


MONITORS = pytest.mark.parametrize("show", [mining, sweeping])
Show = Callable[[Path, ShardResult], Watched]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the disk take no event."""

    def refuse(self: object, event: object) -> None:
        raise OSError(errno.ENOSPC, FULL)

    monkeypatch.setattr(EventFileWriter, "add_event", refuse)


@MONITORS
def test_where_the_disk_takes_everything_there_is_nothing_to_say(
    show: Show, tmp_path: Path, mined: ShardResult
) -> None:
    assert unwatched(show(tmp_path, mined)) is None


@MONITORS
@pytest.mark.usefixtures("full")
def test_a_full_disk_is_noted_and_raises_nothing(show: Show, tmp_path: Path, mined: ShardResult) -> None:
    assert show(tmp_path, mined).refused == FULL


@MONITORS
def test_a_folder_that_can_not_be_made_is_noted_and_raises_nothing(
    show: Show, tmp_path: Path, mined: ShardResult
) -> None:
    (tmp_path / "tb").write_text("a file")
    monitor = show(tmp_path / "tb", mined)
    assert monitor.refused is not None
    assert "no result is missing" in str(unwatched(monitor))


@pytest.mark.usefixtures("full")
def test_rows_are_recorded_and_the_end_says_what_is_not_shown(tmp_path: Path, mined: ShardResult) -> None:
    recorder = Recorder(tmp_path)
    assert recorder.record(mined).searches == mined.searches.num_rows
    assert FULL in str(recorder.close())
    assert Recorder(tmp_path).progress().searches == mined.searches.num_rows
