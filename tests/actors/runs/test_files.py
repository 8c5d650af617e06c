"""Files appear whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from outvoted.actors.runs.files import unwritable, write_atomically
from outvoted.search.errors import OutvotedError
from tests.conftest import full_disk


def hidden(path: Path) -> Path:
    """Return the name under which a file is filled."""
    return path.with_name(f".{path.name}.partial")


def filled(text: str) -> Callable[[Path], object]:
    """Return a function that fills a file."""
    return lambda path: path.write_text(text)


def test_the_file_holds_what_was_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "down" / "file", filled("whole"))
    assert (tmp_path / "deep" / "down" / "file").read_text() == "whole"


def test_nothing_else_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", filled("whole"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("before", [None, "old"])
def test_while_a_file_is_written_readers_see_what_was_there(before: str | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_text(before)

    def write(partial: Path) -> None:
        partial.write_text("half of the n")
        assert partial.name.startswith(".")
        assert (path.read_text() if path.exists() else None) == before
        partial.write_text("new")

    write_atomically(path, write)
    assert path.read_text() == "new"


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_atomically(path, fail)
    assert path.read_text() == "old"


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    hidden(path).write_text("a longer text that a killed writer left behind")
    write_atomically(path, filled("new"))
    assert path.read_text() == "new"
    assert not hidden(path).exists()


def test_a_full_disk_is_one_message_and_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(OutvotedError) as caught, full_disk(path):
        write_atomically(path, filled("new"))
    assert str(path) in caught.value.expected
    assert caught.value.found == "the disk is full (No space left on device)"
    assert "--resume" in caught.value.remedy
    assert path.read_text() == "old"


def test_a_read_only_place_is_one_message() -> None:
    with pytest.raises(OutvotedError) as caught:
        write_atomically(Path("/proc/outvoted/file"), filled("new"))
    assert "/proc/outvoted/file" in caught.value.expected


def test_a_file_in_the_way_of_a_folder_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(OutvotedError, match=r"exists|Not a directory"):
        write_atomically(tmp_path / "runs" / "file", filled("new"))


def test_an_error_without_a_text_of_its_own_is_still_described() -> None:
    assert unwritable(Path("x"), OSError("odd")).found == "odd"
