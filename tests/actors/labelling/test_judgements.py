"""What people make of a mistake: a majority of those who answered, whoever skipped it."""

from pathlib import Path

import pytest

from outvoted.actors.labelling.judgements import Judgement, judged, judgements
from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import NONE, SKIPPED, MistakesForm, ShownImage
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.runs.schema import MISTAKES, OF_STEP
from outvoted.search.errors import OutvotedError

KEY = ShownImage((7, 0))


def said(*answers: int) -> Judgement:
    given = {f"person-{number}": {KEY: Answer(answer)} for number, answer in enumerate(answers)}
    return judged(given).images[KEY]


@pytest.mark.parametrize(
    ("answers", "seen", "majority"),
    [
        ((3,), True, 3),
        ((3, 3, 5), True, 3),
        ((3, 5), False, None),
        ((5, 5, 3), False, 5),
        ((NONE, NONE, 3), False, None),
        ((3, SKIPPED, SKIPPED), True, 3),
        ((1, 2, 3, 3), False, None),
    ],
)
def test_a_label_is_seen_by_more_than_half(answers: tuple[int, ...], seen: bool, majority: int) -> None:
    assert said(*answers).seen(3) == seen
    assert said(*answers).majority == majority


def test_who_skips_has_not_answered() -> None:
    found = judged(
        {"anna": {KEY: Answer(SKIPPED)}, "zoe": {KEY: Answer(3), ShownImage((7, 0), True): Answer(4)}}
    )
    assert found.labellers == ("anna", "zoe")
    assert found.skipped == {"anna": 1}
    assert found.of_mistake(7, 0) == Judgement({"zoe": 3})
    assert found.images[ShownImage((7, 0), True)] == Judgement({"zoe": 4})
    assert found.of_mistake(8, 0) is None


@pytest.mark.parametrize("table", [MISTAKES, MISTAKES.grouped(*OF_STEP)], ids=["mine", "heal"])
def test_labels_of_mistakes_are_read_as_they_were_written(tmp_path: Path, table: object) -> None:
    form = MistakesForm(table, 10)  # type: ignore[arg-type]
    store = LabelStore(tmp_path, form)
    key = (7, 2) if len(form.columns) == 3 else (0, "held-out", 1, 7, 2)
    answers = {
        ShownImage(key): Answer(3, "2026-01-31T12:00:00Z"),
        ShownImage(key, True): Answer(NONE, "2026-01-31T12:00:00Z"),
        ShownImage((*key[:-1], 3)): Answer(SKIPPED),
    }
    file = store.file("anna")
    for shown, answer in answers.items():
        file.append(shown, answer)
    assert store.file("anna").read() == answers
    assert judgements(store).of_mistake(*key) == Judgement({"anna": 3})


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("7,0,mistake,10", "0 to 9 as label in line 2"),
        ("7,0,mistake,perhaps", "0 to 9 as label in line 2"),
        ("-1,0,mistake,3", "search_id in line 2"),
        ("7,0,image,3", "'mistake' or 'seed'"),
        ("7,0,mistake", "a different number of values"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / "anna.csv").write_text(f"search_id,number,shown,label\n{line}\n")
    with pytest.raises(OutvotedError, match=named):
        judgements(LabelStore(tmp_path, MistakesForm(MISTAKES, 10)))
