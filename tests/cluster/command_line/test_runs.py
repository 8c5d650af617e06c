"""The state of runs: damage hides no other run and is told at the door; whoever was killed is seen to be."""

import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.networks import members
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.runs.tables import check_tables
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.command_line.listing import rows
from outvoted.cluster.jobs.runs import listed, open_record, recorded
from outvoted.cluster.storage.alive import at_work
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

DATA = DataRecord(name="digits", fingerprint="x", train=1, test=1)


class Nothing(Settings):
    """A configuration."""


def _run(runs: Path, name: str, state: State = State.FINISHED, kind: str = "mine") -> RunFolder:
    store = RunFolder(runs / name)
    record = {"name": name, "state": state, "config": {}, "versions": {}, "data": DATA, "kind": kind}
    store.write_record(RunRecord.model_validate(record))
    return store


def _states(runs: Path) -> dict[str, str]:
    return {row[-1].split("   #")[0]: row[0] for row in rows(runs)}


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"PAR1" + bytes(100) + b"PAR1"])
@pytest.mark.parametrize("table", ["searches", "mistakes"])
def test_a_broken_table_marks_its_run_alone(content: bytes, table: str, tmp_path: Path) -> None:
    broken, whole = _run(tmp_path, "[red]broken"), _run(tmp_path, "whole")
    tables.write(broken.path / "searches" / "shard-0.parquet", schema.SEARCHES.of_rows([]))
    (broken.path / table).mkdir(exist_ok=True)
    (broken.path / table / "shard-0.parquet").write_bytes(content)
    assert _states(tmp_path) == {"[red]broken": "damaged", "whole": "finished"}
    said = next(row[-1] for row in rows(tmp_path) if row[0] == "damaged")
    assert f"{table}/shard-0.parquet" in said
    with pytest.raises(OutvotedError, match=r"shard-0\.parquet[\s\S]*delete each"):
        open_record(broken, "mine", Nothing(), True, DATA)
    assert open_record(whole, "mine", Nothing(), True, DATA).state == State.RUNNING


def test_a_page_that_was_altered_is_found_at_the_door(tmp_path: Path) -> None:
    path = tmp_path / "votes" / "a.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"x": list(range(10_000))}), path, write_page_checksum=True, compression="none")
    check_tables(tmp_path)
    content = bytearray(path.read_bytes())
    content[2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(OutvotedError, match=r"a\.parquet"):
        check_tables(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty, cut short or no JSON"),
        (b'{"format": "outvoted run 4", "na', "empty, cut short or no JSON"),
        (b'{"format": "outvoted run 2"}', "an earlier development version of outvoted"),
        (b'{"format": "outvoted run 9"}', "another version of outvoted"),
        (b'{"format": 3}', "another version of outvoted"),
        (b"[]", "a wrong value of everything"),
        (b"{}", "no name in it"),
        (b"\xff\xfe", "empty, cut short or no JSON"),
        (b"[" * 100_000, "empty, cut short or no JSON"),
        (None, "No such file"),
    ],
)
def test_a_run_json_that_cannot_be_read_is_told_and_hides_nothing(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    (tmp_path / "odd").mkdir()
    if content is not None:
        (tmp_path / "odd" / "run.json").write_bytes(content)
    _run(tmp_path, "whole")
    assert _states(tmp_path) == {"odd": "unreadable", "whole": "finished"}
    assert said in next(row[-1] for row in rows(tmp_path) if row[0] == "unreadable")
    with pytest.raises(OutvotedError) as caught:
        RunFolder(tmp_path / "odd").read_record()
    for word in ("Input", "Invalid JSON", "pydantic", "('"):
        assert word not in str(caught.value)


def test_a_run_whose_process_died_is_interrupted_and_one_at_work_is_not(tmp_path: Path) -> None:
    store = _run(tmp_path, "a", State.RUNNING)
    assert _states(tmp_path) == {"a": "interrupted"}
    assert [row[-1] for row in rows(tmp_path)] == ["a   # its process ended without a word"]
    with at_work(store.path):
        assert _states(tmp_path) == {"a": "running"}
        with pytest.raises(OutvotedError, match="the only process working"):
            open_record(store, "mine", Nothing(), True, DATA)


@pytest.mark.parametrize(
    ("error", "state"),
    [(None, State.FINISHED), (KeyboardInterrupt(), State.INTERRUPTED), (OSError(28, "full"), State.FAILED)],
)
def test_the_state_of_a_run_is_how_it_ended(
    error: BaseException | None, state: State, tmp_path: Path
) -> None:
    store = RunFolder(tmp_path / "a")
    record = open_record(store, "mine", Nothing(), False, DATA)
    try:
        with recorded(store, record):
            assert store.read_record().state == State.RUNNING
            assert _states(tmp_path) == {"a": "running"}
            if error is not None:
                raise error
    except (KeyboardInterrupt, OSError):
        assert error is not None
    assert store.read_record().state == state
    assert not (store.path / ".running").exists()


def test_runs_are_listed_whatever_time_they_claim(tmp_path: Path) -> None:
    for name, when in (
        ("a", "2999-01-01T00:00:00Z"),
        ("b", "2020-01-01T00:00:00"),
        ("c", "0001-01-01T00:00:00Z"),
    ):
        store = _run(tmp_path, name)
        text = (store.path / "run.json").read_text("utf-8")
        created = RunRecord.model_validate_json(text).model_copy(
            update={"created_at": datetime.fromisoformat(when)}
        )
        store.write_record(created)
    assert [store.path.name for store, _ in listed(tmp_path)] == ["c", "b", "a"]
    assert len(list(rows(tmp_path))) == 3


def test_a_file_in_place_of_the_folder_of_runs_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(OutvotedError, match="a folder of runs"):
        listed(tmp_path / "runs")


def test_listing_cuts_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["[red]y", "x" * 120, "a run with spaces, and \u7b11"]
    for name in names:
        _run(tmp_path, name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["outvoted", "runs", "--runs", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    lines = capsys.readouterr().out.splitlines()
    assert sorted(name for line in lines[1:] for name in names if line.endswith(f"  {name}")) == sorted(names)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError) as caught:
        members.load(tmp_path / "peers")
    assert caught.value.found == "no peers.parquet there"


def test_a_run_without_mistakes_has_nothing_to_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(tmp_path, "empty")
    monkeypatch.setattr(sys, "argv", ["outvoted", "replay", "empty", "--runs", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert capsys.readouterr().out.strip() == "Nothing to replay: empty has no mistakes yet."


def test_the_version_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["outvoted", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith("outvoted 0.")
