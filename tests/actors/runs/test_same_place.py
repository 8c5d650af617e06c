"""Two processes that mean different folders by one path are told so before there is anything to record."""

from pathlib import Path

import pytest

from outvoted.actors.mining.recorder import Recorder
from outvoted.actors.runs import same_place
from outvoted.search.errors import OutvotedError


def test_a_question_is_answered_in_the_folder_it_lies_in_and_leaves_no_trace(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    same_place.check(tmp_path, same_place.ask(tmp_path), recorder.answer())
    recorder.close()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("older", [None, "older"])
def test_a_recorder_in_another_folder_of_that_name_is_refused(older: str | None, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    question = same_place.ask(here)
    if older is not None:
        same_place.ask(there)
    with pytest.raises(OutvotedError, match="another file system"):
        same_place.check(here, question, same_place.answer(there))
    assert not list(here.glob(".*"))


def test_a_folder_that_only_one_of_both_can_write_is_refused(tmp_path: Path) -> None:
    question = same_place.ask(tmp_path)
    with pytest.raises(OutvotedError, match="another file system"):
        same_place.check(tmp_path, question, question)
