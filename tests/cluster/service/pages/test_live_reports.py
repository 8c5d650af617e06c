"""Reports made beside the service: one at a time, kept while nothing changes, whatever happens there."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from outvoted.cluster.service.pages.live_reports import LiveReports, Paths
from outvoted.cluster.service.pages.presented import Presented
from outvoted.cluster.service.pages.reading_process import ReadingProcess
from outvoted.search.errors import OutvotedError


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_report_is_made_once_and_again_when_the_run_has_gone_on(tmp_path: Path) -> None:
    made: list[Paths] = []

    def make(paths: Paths, allow_code: bool) -> Presented:
        made.append(paths)
        return Presented(remarks=[str(len(made))])

    reports = LiveReports(make)
    assert reports.of(False, tmp_path) == (None, False)
    until(lambda: reports.of(False, tmp_path)[1])
    assert reports.of(False, tmp_path)[0] == Presented(remarks=["1"])
    (tmp_path / "run.json").write_text("{}")
    assert reports.of(False, tmp_path) == (Presented(remarks=["1"]), False)
    until(lambda: reports.of(False, tmp_path)[1])
    assert made == [(tmp_path,)] * 2


def test_a_run_that_goes_on_is_left_alone_for_longer_than_its_report_takes(tmp_path: Path) -> None:
    now = [0.0]

    def make(paths: Paths, allow_code: bool) -> Presented:
        now[0] += 10
        return Presented()

    reports = LiveReports(make, lambda: now[0])
    reports.of(False, tmp_path, rest=True)
    until(lambda: reports.of(False, tmp_path, rest=True)[1])
    (tmp_path / "run.json").write_text("{}")
    for _ in range(20):
        reports.of(False, tmp_path, rest=True)
    time.sleep(0.05)
    assert now == [10]
    now[0] = 100
    until(lambda: reports.of(False, tmp_path, rest=True)[1])
    assert now == [110]


def test_a_reading_process_answers_says_what_failed_and_outlives_its_death_and_delays() -> None:
    process = ReadingProcess(most_seconds=3)
    assert process.call(divmod, 7, 3) == (2, 1)
    with pytest.raises(OutvotedError, match="ZeroDivisionError"):
        process.call(divmod, 7, 0)
    with pytest.raises(OutvotedError, match="lost"):
        process.call(os._exit, 1)
    with pytest.raises(OutvotedError, match="within 3 s"):
        process.call(time.sleep, 60)
    assert process.call(divmod, 7, 3) == (2, 1)
    process.close()
