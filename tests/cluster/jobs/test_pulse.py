"""How far a run is can be seen without its terminal: in `run.json`, as its bars show it."""

from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.runs.ray_metrics import Meter
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.console.terminal import bars
from outvoted.cluster.jobs.pulse import Pulse, pulse
from tests.conftest import full_disk


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "night")


@pytest.fixture
def record() -> RunRecord:
    return RunRecord(name="night", state=State.RUNNING, config={}, versions={})


@pytest.fixture
def shown() -> Bars:
    return bars(Console(quiet=True))


def heart(store: RunFolder, record: RunRecord, shown: Bars, clock: Clock) -> Pulse:
    return Pulse(store, record, shown, Meter("night", "mine"), clock=clock)


def test_what_bars_show_is_on_disk(store: RunFolder, record: RunRecord, shown: Bars) -> None:
    before, clock = record.updated_at, Clock()
    pulsing = heart(store, record, shown, clock)
    shown.update(shown.add_task("training", total=5, details="5 networks"), completed=5)
    bar = shown.add_task("searches", total=1000, details="")
    pulsing.beat()
    clock.now += 10
    shown.update(bar, completed=500, details="70 mistakes", mistakes=70, failed=2)
    pulsing.beat()
    read = store.read_record()
    assert read.updated_at > before
    training, searches = read.progress
    assert (training.task, training.done, training.total, training.per_second) == ("training", 5, 5, None)
    assert (searches.done, searches.total, searches.per_second) == (500, 1000, 50)
    assert (searches.details, searches.mistakes, searches.failed) == ("70 mistakes", 70, 2)


def test_the_rate_is_that_of_the_last_minute(store: RunFolder, record: RunRecord, shown: Bars) -> None:
    clock = Clock()
    pulsing, bar = heart(store, record, shown, clock), shown.add_task("searches", total=None, details="")
    for second in range(0, 3600, 10):
        clock.now = float(second)
        shown.update(bar, completed=min(second, 600))  # ten minutes at one a second, then nothing
        pulsing.beat()
        expected = 0 if second > 660 else 1
        if second and (second <= 600 or second > 660):
            assert record.progress[0].per_second == expected, second
    assert record.progress[0].total is None


def test_a_disk_that_refuses_a_sign_of_life_stops_nothing(
    store: RunFolder, record: RunRecord, shown: Bars
) -> None:
    with full_disk(store.path / "run.json"), pulse(store, record, shown, Meter("night", "mine")):
        pass
    assert not (store.path / "run.json").exists()


def test_the_end_is_said_however_soon_it_comes(store: RunFolder, record: RunRecord, shown: Bars) -> None:
    with pulse(store, record, shown, Meter("night", "mine")):
        shown.update(shown.add_task("searches", total=3, details=""), completed=3)
    (searches,) = store.read_record().progress
    assert searches.done == searches.total == 3
