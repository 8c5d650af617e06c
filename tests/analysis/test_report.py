"""The report: a summary and pictures beside the rows they come from."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outvoted.actors.runs.store import RunStore
from outvoted.analysis.mining.report import write_report
from outvoted.analysis.mining.summary import Summary, summarise
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.errors import OutvotedError
from tests.conftest import full_disk


@pytest.fixture(scope="module")
def reported(run_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, Summary]:
    """A copy of the finished run with its report, and the summary that was returned."""
    store = RunStore(Path(shutil.copytree(run_path, tmp_path_factory.mktemp("reported") / "small")))
    return store, write_report(OpenedRun(store))


def files(folder: Path) -> set[str]:
    """Return the names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_report_is_a_summary_and_two_pictures(reported: tuple[RunStore, Summary], run_path: Path) -> None:
    folder = reported[0].path
    assert files(folder) - files(run_path) == {"summary.json", "gallery/mistakes.png", "gallery/climbs.png"}
    for name in ("mistakes", "climbs"):
        with Image.open(folder / "gallery" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 1


def test_the_file_holds_the_summary(reported: tuple[RunStore, Summary]) -> None:
    store, summary = reported
    assert summary == summarise(OpenedRun(store))
    assert json.loads((store.path / "summary.json").read_text()) == json.loads(json.dumps(summary.to_json()))


def test_reporting_again_changes_nothing(reported: tuple[RunStore, Summary]) -> None:
    store, summary = reported
    before = {name: (store.path / name).read_bytes() for name in files(store.path)}
    assert write_report(OpenedRun(store)) == summary
    assert {name: (store.path / name).read_bytes() for name in files(store.path)} == before


def test_a_run_that_found_nothing_has_a_summary_and_no_pictures(bare: RunStore) -> None:
    assert write_report(OpenedRun(bare)).mistakes == 0
    assert (bare.path / "summary.json").exists()
    assert not (bare.path / "gallery").exists()


def test_a_full_disk_is_one_message(own: RunStore) -> None:
    with pytest.raises(OutvotedError, match="No space left"), full_disk(own.path / "summary.json"):
        write_report(OpenedRun(own))
    assert not (own.path / "summary.json").exists()
