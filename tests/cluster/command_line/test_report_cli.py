"""`outvoted report`: a page of any run, finished or not, and a clear word where there is nothing yet."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.command_line.cli import app
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.kinds import KINDS, read
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Gradient, Hillclimb
from tests.analysis.sweeps.temperature.sweeps import Form, written

CONFIGS = Path(__file__).parents[3] / "configs"
BEGUN: list[tuple[str, str, str]] = [
    ("mine", "mnist", "searches"),
    ("scan", "scan-checkerboard", "scanned images"),
    ("compare", "compare-mnist", "searches"),
    ("heal", "heal-mnist", "rounds"),
    ("sweep", "sweep-temperature-small", "trained networks"),
    ("tune", "tune-small", "trials"),
    ("study", "study-iris", "images and votes"),
]


def reported(path: Path) -> Any:
    return CliRunner().invoke(app, ["report", str(path)])


@pytest.mark.parametrize(("kind", "config", "expected"), BEGUN, ids=[kind for kind, *_ in BEGUN])
def test_a_run_without_results_is_said_to_be_one(
    kind: str, config: str, expected: str, tmp_path: Path
) -> None:
    settings = read(KINDS[kind].form, CONFIGS / f"{config}.yaml").model_dump(mode="json")
    record = RunRecord(name="x", kind=kind, state=State.RUNNING, config=settings, versions={})
    RunFolder(tmp_path / "x").write_record(record)
    error = reported(tmp_path / "x").exception
    assert isinstance(error, OutvotedError)
    assert expected in error.expected
    assert "without results yet" in error.found
    assert f"`outvoted {command_of(kind)} CONFIG --name x --resume`" in error.remedy
    assert not (tmp_path / "x" / "report.html").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    error = reported(tmp_path).exception
    assert isinstance(error, OutvotedError)
    assert "`outvoted runs` lists" in error.remedy


@pytest.fixture
def interrupted(undisturbed: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of a mined run, interrupted after its first shard."""
    store = RunFolder(Path(shutil.copytree(undisturbed.path, tmp_path / "half")))
    for shard in sorted((store.path / "searches").glob("*.parquet"))[1:]:
        shard.unlink()
    record = store.read_record()
    store.write_record(record.model_copy(update={"state": State.INTERRUPTED, "message": "why"}))
    return store


@pytest.mark.usefixtures("sketched")
def test_the_report_of_an_interrupted_run_has_what_was_recorded(interrupted: RunFolder) -> None:
    ended = reported(interrupted.path)
    assert ended.exit_code == 0, ended.output
    page = (interrupted.path / "report.html").read_text()
    assert "Not finished: this run was interrupted (why)" in page
    mistakes = Shards(interrupted.path).table("mistakes").num_rows
    assert f"<dd>{mistakes:,}</dd>" in page
    assert "report.html" in ended.output


@pytest.mark.usefixtures("sketched")
def test_a_mistakes_file_that_cannot_be_read_is_named(interrupted: RunFolder) -> None:
    damaged = min((interrupted.path / "mistakes").glob("*.parquet"))  # of the shard that is there
    damaged.write_bytes(b"PAR1")
    error = reported(interrupted.path).exception
    assert isinstance(error, OutvotedError)
    assert str(damaged) in error.expected


@pytest.mark.usefixtures("sketched")
def test_a_comparison_shows_the_strategies_it_has_come_to(undisturbed: RunFolder, tmp_path: Path) -> None:
    record = undisturbed.read_record()
    whole = tmp_path / "compared"
    shutil.copytree(undisturbed.path, whole / "hillclimb")
    config = CompareConfig(
        data=record.config["data"],
        search=SearchSettings.model_validate(record.config["search"]),
        strategies=(Hillclimb(), Gradient()),
    ).model_dump(mode="json")
    begun = record.model_copy(update={"kind": "compare", "state": State.RUNNING, "config": config})
    RunFolder(whole).write_record(begun)
    ended = reported(whole)
    assert ended.exit_code == 0, ended.output
    page = (whole / "report.html").read_text()
    assert "Not run yet: gradient." in page
    assert "Not finished: this run was running" in page


@pytest.mark.usefixtures("sketched")
def test_a_sweep_has_its_tables_and_pictures(tmp_path: Path) -> None:
    store = written(tmp_path, Form((0.5, 2.0), (0, 1), 1, (0.1,), pixels=0))
    ended = reported(store.path)
    assert ended.exit_code == 0, ended.output
    page = (store.path / "report.html").read_text()
    assert "the paper&#39;s claims" in page
    assert page.count('<figure class="picture"><img ') == len(list((store.path / "figures").glob("*.png")))
