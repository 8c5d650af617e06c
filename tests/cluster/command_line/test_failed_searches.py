"""Failed searches are always told; where all of a target's failed, commands end with exit code 2."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from outvoted.actors.mining.shards import check_not_all
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.comparison.comparison import Compared, compare, comparison_table
from outvoted.analysis.mining.cells import Grid
from outvoted.analysis.mining.summary import summarise
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.cluster.command_line import launching
from outvoted.cluster.command_line.cli import main
from tests.cluster.rows import REASON, failing

Ended = Callable[..., tuple[object, str, str]]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Run a command; return its exit code and what it printed."""

    def run(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["outvoted", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code or 0, " ".join(printed.out.split()), " ".join(printed.err.split())

    return run


@pytest.mark.parametrize("every", [False, True])
def test_mine_tells_them(
    every: bool, own: RunFolder, small: Path, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = failing(own, every)
    monkeypatch.setattr(launching, "launch", lambda job, _: job.kind.report(OpenedRun(store)))
    (failed,) = summarise(OpenedRun(store)).failures
    assert (failed.target, failed.reason, failed.alike) == ("mlp-6", REASON, failed.failed)
    code, out, said = ended("mine", small, "--runs", store.path.parent, "--name", store.path.name)
    told = f"mlp-6: {failed.failed} of {failed.searches} searches failed; all: {REASON}"
    assert told in out
    assert code == (2 if every else 0)
    if every:
        assert "searches of mlp-6 that come to an end" in said
        assert told in said
        assert f"all rows are kept in {store.path}" in said


@pytest.mark.parametrize("every", [False, True])
def test_compare_tells_them(
    every: bool, own: RunFolder, small: Path, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = compare({"hillclimb": OpenedRun(failing(own, every))}, Grid())
    report = Report({}, [comparison_table(rows, "")], check=partial(check_not_all, rows[0].failures))
    monkeypatch.setattr(launching, "launch", lambda *_: report)
    code, out, said = ended("compare", small, "--runs", own.path.parent, "--name", "compared")
    assert f"hillclimb: {rows[0].failures[0]}" in out
    assert code == (2 if every else 0)
    assert ("compared" in said) == every


def test_without_failures_the_tables_say_nothing(run: OpenedRun) -> None:
    assert summarise(run).failures == ()
    (row,) = compare({"hillclimb": run}, Grid())
    caption = comparison_table([row], "").note
    assert "failed" not in caption
    again: Compared = replace(row, failures=())
    assert row == again
