"""`outvoted sweep RUN --best` prints an ordinary configuration, which says where it comes from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from outvoted import Result, configs
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.sweeps.tuned_store import TrialRow
from outvoted.cluster.command_line.cli import app
from outvoted.cluster.configuration.strict_yaml import parse
from outvoted.search.errors import OutvotedError
from outvoted.strategies import Gradient
from tests.analysis.tuning.made_up import failed, repeated, row, write_sweep

POINTS: list[dict[str, Any]] = [
    {"search.patience": 50, "search.strategy": "hillclimb"},
    {"search.patience": 100, "search.strategy": "gradient"},
    {"search.patience": 150, "search.strategy": "hillclimb"},
]
SUCCESS = (0.5, 0.9, 0.7)


def made(point: dict[str, Any]) -> configs.MineConfig:
    return configs.MineConfig(
        search={
            "per_target": 20,
            "patience": point["search.patience"],
            "strategy": {"kind": point["search.strategy"]},
        }
    )


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A sweep of which trial 1 is the best, then 2, then 0; 3 failed, and 4 is 2 again."""
    path = tmp_path / "runs" / "tried"
    rows = [
        row(number, point, {"success": success})
        for number, (point, success) in enumerate(zip(POINTS, SUCCESS, strict=True))
    ]
    trials: list[TrialRow] = [
        *rows,
        failed(row(3, POINTS[0], {})),
        repeated(row(4, POINTS[2], {}), of=rows[2]),
    ]
    write_sweep(path, trials, objectives=("success",), state=State.RUNNING)
    for number, point in enumerate(POINTS):
        written(path / "runs" / f"trial-{number:04d}", made(point))
    return path


def written(path: Path, config: configs.MineConfig) -> None:
    values = config.model_dump(mode="json")
    RunFolder(path).write_record(
        RunRecord(name=path.name, kind="mine", state=State.FINISHED, config=values, versions={})
    )


def asked(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


@pytest.mark.parametrize(
    ("options", "number"),
    [
        (("--best",), 1),
        (("--best", "2"), 2),
        (("--best", "3"), 0),
        (("--trial", "0"), 0),
        (("--trial", "4"), 2),
    ],
)
def test_a_trial_is_printed_as_the_configuration_that_it_ran_with(
    sweep: Path, options: tuple[str, ...], number: int
) -> None:
    for run in ((sweep,), (sweep.name, "--runs", sweep.parent)):
        printed = asked(*run, *options)
        assert printed.exit_code == 0, printed.output
        assert configs.MineConfig.model_validate(parse(printed.stdout)) == made(POINTS[number])
        assert f"search.patience={POINTS[number]['search.patience']}" in printed.stdout
        assert "success" in printed.stdout
        assert "# Run it with: outvoted mine FILE" in printed.stdout


def test_only_the_keys_that_differ_from_their_defaults_are_printed(sweep: Path) -> None:
    assert yaml.safe_load(asked(sweep, "--best").stdout) == {
        "referee": {},
        "search": {"per_target": 20, "patience": 100, "strategy": {"kind": "gradient"}},
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--best", "4"), "1 to 3"),
        (("--trial", "9"), "a trial"),
        (("--trial", "3"), "made again with --resume"),
        (("2",), "--best"),
    ],
)
def test_a_trial_that_there_is_not_is_refused(sweep: Path, options: tuple[str, ...], said: str) -> None:
    error = asked(sweep, *options).exception
    assert isinstance(error, OutvotedError)
    assert said in str(error)


def test_other_runs_have_no_trials(sweep: Path) -> None:
    error = asked(sweep / "runs" / "trial-0000", "--best").exception
    assert isinstance(error, OutvotedError)
    assert "`outvoted sweep with vary`" in error.expected
    assert "`outvoted mine`" in error.found
    with pytest.raises(OutvotedError, match="sweep with vary"):
        Result.load(sweep / "runs" / "trial-0000").best  # noqa: B018


def test_python_has_the_same_trials_and_configurations(sweep: Path) -> None:
    found = Result.load(sweep)
    assert list(found.trials["success"].dropna()) == [*SUCCESS, SUCCESS[2]]
    assert found.best == made(POINTS[1])
    assert found.best.search.strategy == Gradient()
    assert found.configuration(4) == made(POINTS[2])


def test_a_sweep_is_also_found_by_its_configuration(sweep: Path, tmp_path: Path) -> None:
    file = tmp_path / "tried.yaml"
    file.write_text("mine: {}\n")
    by_file = asked(file, "--best", "--runs", sweep.parent)
    by_name = asked("anything.yaml", "--best", "--runs", sweep.parent, "--name", sweep.name)
    assert by_file.stdout == by_name.stdout == asked(sweep, "--best").stdout


def test_whatever_tables_hold_stays_in_comments_and_in_the_sweep(tmp_path: Path) -> None:
    path, outside = tmp_path / "runs" / "strange", tmp_path / "runs" / "trial-0000"
    strange = "a\npanel: {}\x85panel: {}\u2028panel: {}"
    trial = row(0, {"search.seed": 3, strange: "\npanel: {}"}, {"success": 0.5, strange: 1.0})
    elsewhere = [replace(score, run=score.run and "../../trial-0000") for score in trial.scores]
    write_sweep(path, [replace(trial, scores=tuple(elsewhere))], objectives=("success",))
    written(outside, configs.MineConfig(search={"per_target": 1}))
    error = asked(path, "--best").exception
    assert isinstance(error, OutvotedError)
    assert "its folder is gone" in error.found
    written(path / "runs" / "trial-0000", made(POINTS[0]))
    printed = asked(path, "--best").stdout
    assert configs.MineConfig.model_validate(parse(printed)) == made(POINTS[0])
    assert "panel" not in parse(printed)
