"""What a sweep's report shows, of finished and unfinished, one-sided, failed, large and hostile ones."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs
from rich.console import Console
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from outvoted.actors.runs.run_folder import State
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import page, page_html, write_page
from outvoted.analysis.report.report import Report
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.analysis.tuning.report import tuning_report
from outvoted.analysis.tuning.tables import trials_table
from outvoted.search.errors import OutvotedError
from tests.analysis.report.sections import titles
from tests.analysis.tuning.made_up import TWO, Values, failed, likely, row, usual, write_sweep
from tests.browser import console_errors, phone, violations

GRID: dict[str, Any] = {
    "search.patience": {"grid": [50, 100, 250]},
    "search.strategy": {"grid": ["hillclimb", "genetic"]},
}
HOSTILE = "</script><img src=x onerror=alert(1)>&\"'\x1b[31m"


def written(run: OpenedRun) -> Report:
    """Write a report as `outvoted report` does."""
    report = tuning_report(run)
    report.write(run.store.path)
    write_page(page(run.record, report), run.store.path / "report.html")
    return report


def pictures(run: OpenedRun) -> set[str]:
    return {path.stem for path in (run.store.path / "figures").iterdir()}


def grid(path: Path, seeds: tuple[int, ...] = (0, 1), **options: Any) -> OpenedRun:
    points = [
        {"search.patience": p, "search.strategy": s} for p in (50, 100, 250) for s in ("hillclimb", "genetic")
    ]
    trials = [row(k, point, likely(point), seeds) for k, point in enumerate(points)]
    replicates = {"seeds": list(seeds), "keys": ["search.seed"]} if seeds else None
    return write_sweep(path, trials, vary=GRID, replicates=replicates, **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> OpenedRun:
    """A sweep of two objectives in which trials failed, were stopped, or violate a constraint."""
    return usual(tmp_path_factory.mktemp("tuning") / "sweep", constraints=["validity >= 0.96"])


@pytest.fixture(scope="module")
def report(run: OpenedRun) -> Report:
    """Its report, written."""
    return written(run)


def test_a_sweep_of_several_objectives_shows_its_front_keys_and_trials(
    run: OpenedRun, report: Report
) -> None:
    assert titles(report) == [
        "Results",
        "Which keys matter",
        "Key by key",
        "Trials that can't win",
        "What was tried",
        "All trials",
    ]
    assert pictures(run) == {"trials", "front", "parallel", "slices", "importances"}
    summary = json.loads((run.store.path / "summary.json").read_text())
    assert summary["best"] == summary["front"][0]
    assert (
        summary["trials"]["all"]
        == 60
        == sum(summary["trials"][name] for name in ("finished", "stopped", "failed"))
    )
    assert [one["objective"] for one in summary["importances"]] == list(TWO)
    said: dict[Any, Any] = {row[0]: row[1] for row in report.tables[1].rows}
    assert said["failed: OutvotedError: made up"] == 4
    assert said["does not keep to validity >= 0.96"] > 0


def test_a_grid_of_two_keys_has_a_map_and_one_objective_no_front(tmp_path: Path) -> None:
    run = grid(tmp_path / "grid", objectives=["validity"])
    report = written(run)
    assert pictures(run) == {"trials", "parallel", "slices", "map"}
    assert [figure for figure, _ in report.headlines[:1]] == ["6"]
    assert ("Runs of each trial", "2: seeds 0, 1") in report.facts
    assert (
        "which keys matter"
        in json.loads((run.store.path / "summary.json").read_text())["importances"][0]["silent"]
    )


def test_the_terminal_has_the_best_first_however_narrow(report: Report) -> None:
    for width in (120, 60, 30):
        console = Console(file=io.StringIO(), width=width)
        report.show(console)
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert "best trials" in text
        assert max(map(len, text.splitlines())) <= width


def test_a_sweep_in_which_all_failed_says_why(tmp_path: Path) -> None:
    trials = [
        failed(row(k, {"search.patience": 50}, {}), "expected: room\nfound: none\nto do: move")
        for k in range(3)
    ]
    run = write_sweep(tmp_path / "sweep", trials, vary=GRID, state=State.FAILED)
    report = written(run)
    with pytest.raises(OutvotedError, match="3 that failed, the first with: expected: room; found: none"):
        report.check("here")
    assert "Results" in titles(report)
    assert not (run.store.path / "figures").exists()


def test_a_sweep_without_trials_is_not_reported(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="trials in"):
        tuning_report(write_sweep(tmp_path / "sweep", []))


@pytest.mark.parametrize("count", [1, 6])
def test_an_unfinished_sweep_reports_what_there_is(count: int, tmp_path: Path) -> None:
    run = usual(tmp_path / "sweep", count, state=State.RUNNING)
    report = written(run)
    assert report.headlines[0][0] == str(count)
    assert "Not finished" in page_html(page(run.record, report))
    assert [section.title for section in report.shown_live()] == titles(report)[:-1]


def test_a_large_sweep_makes_a_small_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outvoted.analysis.tuning.report._WEIGHED", 0)  # forests take seconds
    run = usual(tmp_path / "sweep", 500)
    text = page_html(page(run.record, tuning_report(run)))
    assert len(text) - len(get_plotlyjs()) < 3_000_000


def test_sentences_that_the_sweep_left_are_passed_on(tmp_path: Path) -> None:
    run = usual(
        tmp_path / "sweep", 5, figures={"remarks": ["From trial 3 on other points would be suggested."]}
    )
    assert list(tuning_report(run).remarks) == ["From trial 3 on other points would be suggested."]


def test_a_trial_whose_report_was_drawn_is_linked_and_another_one_has_its_command(tmp_path: Path) -> None:
    run = usual(tmp_path / "sweep", 3)
    for number in (0, 1):
        folder = run.store.path / "runs" / f"trial-{number:04d}"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    (run.store.path / "runs" / "trial-0001" / "report.html").write_text("")
    text = page_html(page(run.record, tuning_report(run)))
    assert 'href="runs/trial-0001/report.html">trial-0001</a>' in text
    assert f"<code>outvoted report {run.store.path}/runs/trial-0000</code>" in text
    assert "trial-0002" not in text


def test_a_run_whose_name_leads_elsewhere_is_not_linked(tmp_path: Path) -> None:
    trial = row(0, {"search.patience": 50}, {"validity": 0.9})
    (tmp_path / "report.html").write_text("")
    elsewhere = tuple(replace(score, run="../..") for score in trial.scores if score.run)
    whole = tuple(score for score in trial.scores if score.run is None)
    run = write_sweep(
        tmp_path / "sweep", [replace(trial, scores=(*elsewhere, *whole))], vary=GRID, objectives=["validity"]
    )
    assert "../.." not in page_html(page(run.record, tuning_report(run)))


def test_of_very_many_trials_the_front_and_an_even_sample_are_shown(
    run: OpenedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.analysis.tuning.pictures.shown.MOST", 30)
    sweep = OpenedTuning(run)
    shown = ShownTrials.of(sweep)
    numbers = [row.number for row in shown.rows]
    assert len(numbers) <= 30
    assert numbers == sorted(numbers)
    assert len(set(numbers) & set(sweep.front)) >= min(15, len(sweep.front))
    assert "more are in points/" in trials_table(shown, run.store.path).note


def hostile(path: Path) -> OpenedRun:
    """Write a sweep whose names and texts hold markup."""
    points: list[Values] = [
        {"search.strategy": HOSTILE, f"a.{HOSTILE}": {"kind": HOSTILE}},
        {"search.strategy": "b"},
    ] * 6
    trials = [row(k, point, {"validity": 0.9 - 0.01 * k}) for k, point in enumerate(points)]
    trials[3] = failed(trials[3], HOSTILE)
    vary = {"search.strategy": {"choice": [HOSTILE, "b"]}}
    return write_sweep(path, trials, vary=vary, objectives=["validity"], figures={"remarks": [HOSTILE, 3]})


def test_a_page_sorts_its_trials_and_shows_names_as_they_are(tmp_path: Path, browser: Chrome) -> None:
    run = hostile(tmp_path / "sweep")
    written(run)
    browser.get((run.store.path / "report.html").as_uri())
    assert browser.find_elements(By.CSS_SELECTOR, "img") == []
    heads = browser.find_elements(By.CSS_SELECTOR, ".sorted thead button")

    def column(place: int) -> list[str]:
        cells = browser.find_elements(By.CSS_SELECTOR, f".sorted tbody tr > :nth-child({place + 1})")
        return [cell.text for cell in cells]

    assert column(0)[0] == "0", "the best comes first"
    heads[0].click()
    assert column(0) == [str(k) for k in range(12)]
    heads[0].click()
    assert column(0) == [str(k) for k in reversed(range(12))]
    assert console_errors(browser) == []
    assert [found for found in violations(browser) if not found.startswith("region: <html")] == []
    with phone(browser):
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
