"""The report: a summary and pictures beside the rows they come from."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Report
from outvoted.search.errors import OutvotedError
from tests.analysis.report.sections import titles
from tests.conftest import full_disk


@pytest.fixture(scope="module")
def reported(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Report]:
    """A copy of the finished run with its report."""
    store = RunFolder(Path(shutil.copytree(run_path, tmp_path_factory.mktemp("reported") / "small")))
    report = mining_report(OpenedRun(store))
    report.write(store.path)
    return store, report


def files(folder: Path) -> set[str]:
    """Return the names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_report_is_a_summary_and_two_pictures(reported: tuple[RunFolder, Report], run_path: Path) -> None:
    folder = reported[0].path
    assert files(folder) - files(run_path) == {"summary.json", "gallery/mistakes.png", "gallery/climbs.png"}
    for name in ("mistakes", "climbs"):
        with Image.open(folder / "gallery" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 1


def test_the_file_holds_what_was_found_and_the_tables(reported: tuple[RunFolder, Report]) -> None:
    store, report = reported
    found = json.loads((store.path / "summary.json").read_text())
    assert [row["target"] for row in found["targets"]] == ["mlp-6", "mlp-12", "mlp-18"]
    assert found["tables"] == json.loads(json.dumps([table.to_json() for table in report.tables]))
    assert found["tables"][0]["rows"][0][1] == found["targets"][0]["test_accuracy"]


def test_reporting_again_changes_nothing(reported: tuple[RunFolder, Report]) -> None:
    store, _ = reported
    before = {name: (store.path / name).read_bytes() for name in files(store.path)}
    mining_report(OpenedRun(store)).write(store.path)
    assert {name: (store.path / name).read_bytes() for name in files(store.path)} == before


def test_a_run_that_found_nothing_has_a_summary_and_no_pictures(fruitless: RunFolder) -> None:
    shutil.rmtree(fruitless.path / "gallery", ignore_errors=True)
    mining_report(OpenedRun(fruitless)).write(fruitless.path)
    assert json.loads((fruitless.path / "summary.json").read_text())["mistakes"] == 0
    assert not (fruitless.path / "gallery").exists()


def test_a_full_disk_is_one_message(own: RunFolder) -> None:
    with pytest.raises(OutvotedError, match="No space left"), full_disk(own.path / "summary.json"):
        mining_report(OpenedRun(own)).write(own.path)
    assert not (own.path / "summary.json").exists()


def test_mining_without_a_mistake_has_results_alone(fruitless: RunFolder) -> None:
    assert titles(mining_report(OpenedRun(fruitless))) == ["Results"]


def test_a_run_without_results_is_not_reported(bare: RunFolder) -> None:
    with pytest.raises(OutvotedError, match="a run without results yet") as caught:
        mining_report(OpenedRun(bare))
    assert "--resume" in caught.value.remedy
