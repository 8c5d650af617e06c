"""`outvoted export`: the mistakes of a run as other programs read them."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from outvoted import OutvotedError, Result
from outvoted.cluster.command_line.cli import app
from outvoted.cluster.export.formats import EXPORTERS


def exported(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_the_formats_that_the_help_names_are_those_there_are() -> None:
    said = " ".join(exported("--help").output.split())
    assert all(name in said for name in EXPORTERS)


def test_a_run_is_exported_into_the_working_directory_once(
    run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count = len(Result.load(run_path).mistakes)
    for to, name in (("folder", "small-mistakes-folder"), ("npz", "small-mistakes.npz")):
        ended = exported(run_path, "--to", to)
        assert ended.exit_code == 0, ended.output
        assert f"{count} mistakes written to {name}" in ended.output
        assert (tmp_path / name).exists()
        assert isinstance(exported(run_path, "--to", to).exception, OutvotedError)


def test_what_is_exported_is_chosen(run_path: Path, tmp_path: Path) -> None:
    ended = exported(run_path, "--target", "mlp-12", "--valid", "--out", tmp_path / "out")
    mistakes = Result.load(run_path).mistakes
    count = int(((mistakes["target_name"] == "mlp-12") & mistakes["valid"]).sum())
    assert f"{count} mistakes written" in ended.output
    assert len(list((tmp_path / "out").glob("*/*.png"))) == count
