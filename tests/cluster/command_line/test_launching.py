"""What all commands that make a run say and ask alike."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.runs.files import write_json
from outvoted.cluster.command_line.launching import run_folder
from outvoted.cluster.command_line.resuming import resumable
from outvoted.cluster.console.terminal import say_written
from outvoted.search.errors import OutvotedError

NASTY = ("[red]y", "[b]", "a b", "it's", '"x"', "$HOME", "`id`", "a;b", "\u00e4\u7b11", "#1", "~", "*")
UNFIT = [
    *("", ".", "..", ".panels", "-x", " x", "x ", "x.", "a/b", "a\\b", "a\0b", "a\nb", "a\x1b[31m"),
    *("\u202ex", "x" * 201, "\u00e4" * 101, "\udcff", "a\tb", "x" * 100_000),
]


def test_commands_to_try_are_printed_as_they_are_typed(capsys: pytest.CaptureFixture[str]) -> None:
    commands = "outvoted sweep a.yaml --set 'seeds=[1, 2]'", "python -c 'print([b for b in \"[red]\"])'"
    say_written(Path("runs/an [odd] name"), "votes/, [brackets]", *commands)
    written, *tried = capsys.readouterr().out.strip().splitlines()
    assert written == "Written to runs/an [odd] name: votes/, [brackets]. To try next:"
    assert [line.strip() for line in tried] == list(commands)


def _cut_off(config: Path, sets: Sequence[str], run: Path, address: str, begins: bool) -> None:
    with resumable("mine", config, sets, run, address):
        if begins:
            write_json(run / "run.json", {})
        raise KeyboardInterrupt("SIGTERM")


@pytest.mark.parametrize("name", NASTY)
def test_the_command_to_go_on_with_names_the_run_and_every_setting(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, config = tmp_path / name, Path("-configs") / f"{name}.yaml"
    sets = [f"search.targets=[{name}]", "a=b c"]
    with pytest.raises(typer.Exit) as stop:
        _cut_off(config, sets, run, "head:6379", True)
    assert stop.value.exit_code == 130
    said, typed = capsys.readouterr().err.strip().splitlines()
    assert said.startswith("Interrupted by SIGTERM")
    assert str(run) in said
    assert shlex.split(typed) == [
        *("outvoted", "mine", f"./{config}", "--set", sets[0], "--set", sets[1], "--runs", str(tmp_path)),
        *("--name", name, "--address", "head:6379", "--resume"),
    ]


@pytest.mark.parametrize("name", ["new", "old"])
def test_what_was_cut_off_before_it_began_promises_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(tmp_path / "old" / "run.json", {})
    with pytest.raises(typer.Exit):
        _cut_off(Path("a.yaml"), (), tmp_path / name, "local", False)
    assert capsys.readouterr().err.strip() == "Interrupted by SIGTERM before anything started."


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "Interrupted by SIGTERM before anything was recorded in "),
        (
            ("searches/.a.parquet.partial", "tb/events", "peers/a.npz"),
            "Interrupted by SIGTERM before anything ",
        ),
        (("searches/a.parquet",), "Interrupted by SIGTERM; what was done is kept in "),
        (("hillclimb/mistakes/a.parquet",), "Interrupted by SIGTERM; what was done is kept in "),
    ],
)
def test_something_is_said_to_be_kept_where_something_was_recorded(
    files: Sequence[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in files:
        (tmp_path / "a" / file).parent.mkdir(parents=True)
        (tmp_path / "a" / file).touch()
    with pytest.raises(typer.Exit):
        _cut_off(Path("a.yaml"), (), tmp_path / "a", "local", True)
    first, again = capsys.readouterr().err.strip().splitlines()
    assert first.startswith(said)
    assert again.endswith("--resume")


@pytest.mark.parametrize("name", UNFIT, ids=range(len(UNFIT)))
def test_a_name_that_no_folder_should_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="a name for the run") as caught:
        run_folder(Path("a.yaml"), name, tmp_path, False)
    assert len(str(caught.value)) < 1000
    str(caught.value).encode()


@pytest.mark.parametrize("stem", ["-x", " x", "a\nb", "\udcff", "x" * 250])
def test_a_configuration_whose_name_makes_no_folder_is_told(stem: str, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="a name for the run") as caught:
        run_folder(Path(f"{stem}.yaml"), None, tmp_path, False)
    str(caught.value).encode()


@given(name=st.text(st.characters(categories=("L", "N")), min_size=1, max_size=40))
def test_a_plain_name_is_taken(name: str) -> None:
    assert run_folder(Path("a.yaml"), name, Path("runs"), False) == Path("runs") / name


@pytest.mark.parametrize("name", NASTY)
def test_a_name_with_signs_that_shells_read_is_taken(name: str) -> None:
    assert run_folder(Path("a.yaml"), name, Path("runs"), False) == Path("runs") / name
