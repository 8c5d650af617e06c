"""Whatever is printed appears as it is, on any terminal, and on none."""

import io
import os
import re
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from outvoted.cluster.console import terminal
from outvoted.cluster.console.terminal import (
    Lines,
    Terminal,
    bars,
    phase,
    say_aligned,
    tolerate_any_terminal,
    training_task,
    warn,
)

NAMES = ("[red]y", "[/]", "[b]a[/b]", "a [link=x]", ":smile:", "\\[x]", "mlp-\u00e4\u7b11", "x" * 300)


class Told(Terminal):
    """Keeps what was printed."""

    def __init__(self, width: int = 80) -> None:
        super().__init__()
        self.file = io.StringIO()
        self.width = width

    @property
    def text(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_are_printed_as_they_are_wherever_they_stand(name: str) -> None:
    for part in ("text", "cell", "title", "caption", "head"):
        told, drawn = Told(400), Table(title="t", caption="c")
        drawn.add_column(name if part == "head" else "h", overflow="fold")
        drawn.add_row(name if part == "cell" else "x" * 350)
        drawn.title = name if part == "title" else "t"
        drawn.caption = name if part == "caption" else "c"
        told.print(name if part == "text" else drawn)
        assert name in told.text, part


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_are_printed_as_they_are_in_bars_and_lines(name: str) -> None:
    told = Told(400)
    with bars(told) as progress:
        progress.update(progress.add_task(name, total=1, details=name), completed=1)
    assert told.text.count(name) >= 2
    moving = Console(file=io.StringIO(), force_terminal=True, width=900, markup=False, emoji=False)
    with bars(moving) as progress:
        progress.update(progress.add_task(name, total=1, details=name), completed=1)
    assert name in moving.file.getvalue()  # type: ignore[attr-defined]
    with phase(told, name):
        pass
    assert told.text.splitlines()[-1] == name


def test_no_name_steers_the_terminal() -> None:
    told = Told()
    told.print("a\x1b[31mb\x07c\x9bd\u202ee")
    with bars(told) as progress:
        progress.update(progress.add_task("x\x1b[2J", total=1, details="y\x1b[2J\nz"), completed=1)
    assert told.text.isprintable() or set(told.text) & {"\n"}
    assert not set(told.text) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_aligned_rows_cut_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(terminal, "console", told)
    say_aligned([("state", "run"), ("finished", "x" * 300), ("\u7b11", "[red]y")])
    head, *lines = told.text.splitlines()
    assert head == "state     run"
    assert [line[-len(name) :] for line, name in zip(lines, ("x" * 300, "[red]y"), strict=True)] == [
        "x" * 300,
        "[red]y",
    ]


def test_a_reader_that_went_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        told = Terminal()
        for _ in range(3):
            told.print("x" * 100_000)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_any_encoding_can_be_printed_to(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    tolerate_any_terminal()
    told, drawn = Terminal(), Table("K\u00e4fer", title="\u2013 \u7b11 \udcff")
    drawn.add_row("\u2264 95 % \u00b1 1")
    told.print(drawn)
    sys.stdout.flush()
    assert b"95 %" in sys.stdout.buffer.getvalue()  # type: ignore[union-attr]


def test_lines_are_told_after_each_twentieth_and_at_the_end() -> None:
    told = Told()
    with bars(told) as progress:
        assert isinstance(progress, Lines)
        task = progress.add_task("searches", total=1000, details="")
        for done in range(1, 990):
            progress.update(task, completed=done, details=f"{done // 10} mistakes")
        progress.update(task, completed=1000, details="99 mistakes")
    lines = told.text.splitlines()
    assert 19 <= len(lines) <= 21
    assert lines[-1].endswith("Z searches  1000/1000  99 mistakes")
    assert "\x1b" not in told.text


def test_without_a_terminal_all_that_is_said_during_work_has_the_time_in_utc() -> None:
    told = Told(400)
    before = datetime.now(UTC).replace(microsecond=0)
    with bars(told) as progress:
        warn(progress.console, "no search has ended for 90 s")
        progress.update(progress.add_task("searches", total=1, details=""), completed=1)
    lines = told.text.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert before <= datetime.fromisoformat(line.split()[0]) <= datetime.now(UTC)


def test_lines_are_told_every_ten_seconds_though_little_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told, began = Told(), time.monotonic()
    progress = Lines(told)
    task = progress.add_task("training", total=10_000, details="")
    clock = {"now": began}
    monkeypatch.setattr("outvoted.cluster.console.terminal.time.monotonic", lambda: clock["now"])
    for second in range(120):
        clock["now"] = began + second
        progress.update(task, completed=min(second, 40))
    lines = told.text.splitlines()
    assert 6 <= len(lines) <= 7  # four while something changed


@pytest.mark.parametrize("before", [0, 60, 300])
def test_what_stands_still_is_never_silent_for_thirty_seconds(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, began = Told(), time.monotonic()
    progress = Lines(told)
    task = progress.add_task("searches", total=10**9, details="")
    clock = {"now": began}
    monkeypatch.setattr("outvoted.cluster.console.terminal.time.monotonic", lambda: clock["now"])
    said: list[int] = []
    for second in range(before + 600):
        clock["now"] = began + second
        progress.update(task, completed=min(second, before))
        if len(told.text.splitlines()) > len(said):
            said.append(second)
    still = [second for second in said if second > before]
    assert max(later - earlier for earlier, later in pairwise([before, *still, before + 600])) < 30


def test_a_night_is_told_in_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    told, began, hours = Told(), time.monotonic(), 10
    progress = Lines(told)
    task = progress.add_task("searches", total=10**9, details="")
    clock = {"now": began}
    monkeypatch.setattr("outvoted.cluster.console.terminal.time.monotonic", lambda: clock["now"])
    for second in range(hours * 3600):
        clock["now"] = began + second
        progress.update(task, completed=second)
    assert 60 * hours - 30 <= len(told.text.splitlines()) <= 60 * hours + 90


def test_a_quiet_console_stays_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Console(quiet=True)
    with phase(quiet, "reading"), bars(quiet) as progress:
        progress.update(progress.add_task("x", total=1, details=""), completed=1)
    assert capsys.readouterr().out == ""


def test_only_paths_of_the_terminal_are_printed_without_markup() -> None:
    for path in (Path(__file__).parents[3] / "cluster").rglob("*.py"):
        text = path.read_text("utf-8")
        assert "from_markup" not in text
        assert not re.search(r"Console\((?!quiet=True\))", text) or path.name == "terminal.py", path


def test_networks_that_come_with_weights_are_measured_not_trained() -> None:
    assert training_task([True, True]) == "measuring"
    assert training_task([True, False]) == training_task([False]) == "training"
