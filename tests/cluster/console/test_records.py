"""Records among the lines of a log: what is written is read again, and nothing else is taken for one."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.console import records
from outvoted.cluster.console.records import (
    MARK,
    FileSent,
    FilesListed,
    LogReader,
    RecordPace,
    RunBegan,
    TaskAt,
)
from outvoted.cluster.console.terminal import RecordedLines, Terminal, bars

RECORDS: list[records.Record] = [
    RunBegan(kind="mine", place="/r/\u00e4 b", version="0.1.0"),
    TaskAt(task=3, name="searches", done=5, of=10, details="1 mistake", at=2.5),
    FileSent(path="a/b", size=3, sha256="0" * 64),
    FilesListed(files=1, link="outvoted-0"),
]


@given(st.lists(st.integers(1, 40), max_size=200))
def test_a_log_in_any_pieces_is_read_the_same(cuts: list[int]) -> None:
    told = Terminal()
    told.file = io.StringIO()
    for record, said in zip(RECORDS, ("", "searches 5/10", "", "x"), strict=True):
        told.print("a line")
        records.write(told, record, said)
    log, reader = told.file.getvalue() + "no end", LogReader()
    found: list[tuple[str | None, records.Record | None]] = []
    for cut in cuts:
        found += reader.feed(log[:cut])
        log = log[cut:]
    found += [*reader.feed(log), *reader.end()]
    assert [record for _, record in found if record] == RECORDS
    assert [said for said, _ in found if said] == [
        *("a line", "a line", "searches 5/10", "a line", "a line", "x", "no end")
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"{MARK}",
        f"{MARK}{{",
        f"{MARK}[1]",
        f"{MARK}{{}}",
        f"{MARK}" + "[" * 50_000,
        MARK + json.dumps({"record": "task", "task": -1, "name": "x", "done": 0, "at": 0}),
        MARK + json.dumps({"record": "files", "files": 1, "link": "../x"}),
        MARK + json.dumps({"record": "other"}),
        f"x{MARK}y" + " " * 70_000,
    ],
)
def test_what_is_no_record_is_a_line(line: str) -> None:
    assert records.taken_apart(line) == (line, None)


def test_a_long_run_leaves_few_records_and_no_state_is_older_than_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr(records, "_BEGAN", 0.0)
    pace, written = RecordPace(), [0.0]
    for tenth in range(10 * 3600):  # an hour
        clock[0] = tenth / 10
        if pace.due(0, {"done": tenth}, last=False):
            assert clock[0] - written[-1] <= 10.1
            written.append(clock[0])
    assert len(written) < 2000
    assert not pace.due(0, {"done": 10 * 3600 - 1}, last=False)
    assert pace.due(0, {"done": -1}, last=True)


def test_bars_without_a_terminal_write_records_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Terminal()
    told.file = io.StringIO()
    monkeypatch.setenv(records.VARIABLE, "records")
    for name in ("training", "searches"):
        with bars(told) as progress:
            assert isinstance(progress, RecordedLines)
            task = progress.add_task(name, total=100, details="")
            for done in range(101):
                progress.update(task, completed=done, details=f"{done}\x1b[2J")
    reader = LogReader()
    found = list(reader.feed(told.file.getvalue()))
    tasks = [record for _, record in found if isinstance(record, TaskAt)]
    assert {task.name for task in tasks} == {"training", "searches"}
    assert len({task.task for task in tasks}) == 2
    assert (tasks[-1].done, tasks[-1].of) == (100, 100)
    assert 18 <= sum(said is not None for said, _ in found if said and " searches " in said) <= 22
    assert "\x1b" not in told.file.getvalue()
