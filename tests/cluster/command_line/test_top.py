"""The table of all runs: whole at 80 columns, plain without a terminal, in words where colours fail."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from outvoted.actors.runs.run_folder import ProgressRecord, State
from outvoted.cluster.command_line import top
from outvoted.cluster.command_line.top import ago, drawn, watch_runs
from outvoted.cluster.jobs.glancing import DIED, UNREADABLE, Glance
from tests.cluster.jobs.test_glancing import written

LONG = "a-rather-long-name-of-a-run-20261128-213000"
TASK = ProgressRecord(task="searches", done=123_456, total=1_000_000, per_second=1234.5)
STATES = (*State, DIED, UNREADABLE)


def a_glance(state: str = State.RUNNING, age: float = 4, message: str | None = None) -> Glance:
    return Glance(LONG, "compare", state, TASK, 1_234_567, 12_345, age, message)


def text_of(found: list[Glance], height: int | None = None, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(drawn(found, Path("runs"), width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("state", STATES)
def test_a_row_fits_into_80_columns_and_only_the_name_is_cut(state: str) -> None:
    head, row = text_of([a_glance(state)]).splitlines()[:2]
    assert head.split() == ["run", "kind", "state", "progress", "per", "s", "mistakes", "failed", "seen"]
    assert len(row) <= 80
    for part in ("compare", state, "12%", "1,234,567", "12,345", "4 s"):
        assert part in row
    assert row.split()[0][:10] == LONG[:10]
    assert LONG in text_of([a_glance(state)], width=140)


def test_what_is_wrong_is_said_in_words_below_the_table() -> None:
    text = text_of([a_glance(message="stalled for 25 s: node 10.0.0.3 is gone")], width=200)
    assert "stuck" in text
    assert f"{LONG}: stalled for 25 s: node 10.0.0.3 is gone" in text
    assert "has said nothing for 5 min" in text_of([a_glance(age=300)], width=200)
    assert LONG not in text_of([a_glance(age=300)], width=200).splitlines()[0]


def test_a_hundred_percent_are_shown_only_when_all_is_done() -> None:
    almost = TASK.model_copy(update={"done": 999_999})
    assert "━ 99%" not in text_of([a_glance()])
    assert "99%" in top._progress(almost)
    assert "100%" in top._progress(TASK.model_copy(update={"done": 1_000_000}))


def test_no_more_runs_are_drawn_than_a_terminal_has_lines() -> None:
    text = text_of([a_glance(age=0)] * 100, height=24)
    assert len(text.splitlines()) <= 24
    assert "and 78 more" in text


def test_names_and_messages_steer_nothing() -> None:
    evil = Glance("[red]\x1b[2Jx", "mine\x1b", UNREADABLE, None, None, None, float("inf"), "a\x1b[2J\nb")
    text = text_of([evil], width=200)
    assert "\x1b" not in text
    assert "[red]" in text


def test_without_a_terminal_one_plain_table_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(top, "time", None)  # nothing is waited for
    watch_runs(tmp_path, False, 2.0)
    assert "No runs in" in capsys.readouterr().out
    written(tmp_path, "night", updated_at=datetime.now(UTC) - timedelta(hours=3))
    watch_runs(tmp_path, False, 2.0)
    out = capsys.readouterr().out
    assert "night" in out
    assert "3 h" in out
    assert "\x1b" not in out


def test_states_are_told_apart_without_colours() -> None:
    rows = {state: [text.plain for text in top._row(a_glance(state))][2] for state in STATES}
    assert len(set(rows.values())) == len(STATES)
    assert all(isinstance(text, Text) for text in top._row(a_glance()))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4.4, "4 s"), (99, "99 s"), (100, "2 min"), (7199, "120 min"), (7200, "2 h"), (259200, "3 d")],
)
def test_ages_are_short(seconds: float, said: str) -> None:
    assert ago(seconds) == said
