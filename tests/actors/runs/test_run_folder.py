"""`run.json`: it reads back, and what is none, or of another version, is one message."""

from pathlib import Path

import pytest

from outvoted.actors.runs.run_folder import EARLIER, RunFolder, RunRecord, State
from outvoted.search.errors import OutvotedError
from tests.conftest import full_disk


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run that has nothing yet."""
    return RunFolder(tmp_path / "run")


@pytest.fixture
def record() -> RunRecord:
    """The record of a run that has just begun."""
    return RunRecord(name="run", state=State.RUNNING, config={"data": {}}, versions={"torch": "2"})


def test_a_read_only_place_is_one_message(record: RunRecord) -> None:
    with pytest.raises(OutvotedError, match="to write /proc/outvoted"):
        RunFolder(Path("/proc/outvoted")).write_record(record)


def test_the_record_reads_back(folder: RunFolder, record: RunRecord) -> None:
    folder.write_record(record)
    assert folder.read_record() == record
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_the_record_is_replaced(folder: RunFolder, record: RunRecord) -> None:
    folder.write_record(record)
    folder.write_record(record.model_copy(update={"state": State.FINISHED, "message": "done"}))
    assert (folder.read_record().state, folder.read_record().message) == (State.FINISHED, "done")


def test_a_full_disk_keeps_the_record(folder: RunFolder, record: RunRecord) -> None:
    folder.write_record(record)
    with pytest.raises(OutvotedError, match="No space left"), full_disk(folder.path / "run.json"):
        folder.write_record(record.model_copy(update={"state": State.FINISHED}))
    assert folder.read_record() == record


def foreign(path: Path) -> OutvotedError:
    """Return the error that reading a record ends in, after checking that it names the folder."""
    with pytest.raises(OutvotedError) as caught:
        RunFolder(path).read_record()
    assert str(path) in caught.value.expected
    assert "run.json" in caught.value.found
    return caught.value


@pytest.mark.parametrize("earlier", EARLIER)
def test_a_run_of_an_earlier_version_is_told_from_a_damaged_one(
    earlier: str, folder: RunFolder, record: RunRecord
) -> None:
    folder.write_record(record)
    path = folder.path / "run.json"
    path.write_text(path.read_text().replace(record.format, earlier))
    error = foreign(folder.path)
    assert f"an earlier development version of outvoted, in the format '{earlier}'" in error.found
    assert "run it again" in error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"name": "x"}',
        '{"format": "outvoted run 2"}',
        '{"format": "outvoted run 4"}',
        "\xff",
        '{"name": "\ud800"}',
    ],
    ids=[
        "empty",
        "cut",
        "a list",
        "keys missing",
        "an earlier format",
        "this format alone",
        "no JSON",
        "half a surrogate",
    ],
)
def test_a_foreign_record_is_one_message(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    foreign(tmp_path)


def test_a_folder_without_a_record_is_one_message(tmp_path: Path) -> None:
    assert "No such file" in foreign(tmp_path).found


def test_a_missing_folder_is_one_message(tmp_path: Path) -> None:
    foreign(tmp_path / "absent")


def test_a_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    foreign(tmp_path / "file")
