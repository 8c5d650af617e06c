"""`outvoted landscape` on a mined run, and bad input."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.command_line.on_runs import landscape
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.search.errors import OutvotedError

app = typer.Typer()
app.command()(landscape)


PAGE = (Path(__file__).parents[3] / "docs" / "landscapes.md").read_text()


@pytest.mark.parametrize("snippet", re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S))
def test_every_study_in_the_docs_is_valid(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(snippet)
    read(StudyConfig, file)


@pytest.fixture
def mined_run(undisturbed: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of the run that is not to be altered, whose data and name stay."""
    return RunFolder(Path(shutil.copytree(undisturbed.path, tmp_path / undisturbed.path.name)))


def said(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_votes_and_a_picture_lie_in_the_runs_folder(mined_run: RunFolder, sketched: None) -> None:
    result = said(mined_run.path, "--points", 5)
    assert result.exit_code == 0, result.output
    (votes,) = (mined_run.path / "landscapes").glob("*-rotation-scale.parquet")
    assert votes.with_suffix(".png").is_file()
    rows = pd.read_parquet(votes)
    assert len(rows) == 3 * 5 * 5
    most = Shards(mined_run.path).frame("mistakes")["seed_id"].value_counts()
    assert most[rows["seed_id"].iloc[0]] == most.max()
    assert rows.groupby("network")["x"].agg(["min", "max"]).to_numpy() == pytest.approx(
        rows[["x"]].agg(["min", "max"]).T.to_numpy().repeat(3, axis=0)
    )
    assert "wrong alone %" in result.output
    assert votes.name in result.output


def test_any_seed_and_directions_can_be_drawn(mined_run: RunFolder, sketched: None) -> None:
    result = said(
        mined_run.path.name,
        "--runs",
        mined_run.path.parent,
        *("--seed-id", 3, "--x", "shear", "--y", "translate_x"),
        *("--points", 3),
    )
    assert result.exit_code == 0, result.output
    rows = pd.read_parquet(mined_run.path / "landscapes" / "3-shear-translate_x.parquet")
    assert sorted(set(rows["x"].round(6))) == [-10, 0, 10]
    assert sorted(set(rows["y"].round(6))) == [-1, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--x", "rotate"], r"'rotate'(.|\n)*did you mean"),
        (["--seed-id", "800"], r"0 to 799(.|\n)*800"),
        (["--x", "scale_x", "--y", "scale"], "do not overlap"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(
    mined_run: RunFolder, arguments: list[str], message: str
) -> None:
    folder = mined_run.path / "landscapes"
    before = set(folder.glob("*"))
    result = said(mined_run.path, *arguments)
    assert isinstance(result.exception, OutvotedError)
    with pytest.raises(OutvotedError, match=message):
        raise result.exception
    assert set(folder.glob("*")) == before


def test_only_mined_runs_have_seeds(mined_run: RunFolder, tmp_path: Path) -> None:
    record = mined_run.read_record().model_copy(update={"kind": "heal"})
    RunFolder(tmp_path / "other").write_record(record)
    result = said(tmp_path / "other")
    assert "outvoted mine" in str(result.exception)
    assert "outvoted heal" in str(result.exception)
