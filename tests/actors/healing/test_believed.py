"""What people say of mistakes, and what is trained on because of it."""

import pyarrow as pa

from outvoted.actors.healing.arms import PeoplesLabels
from outvoted.actors.healing.believed import BELIEVED, believed, corrected
from outvoted.actors.labelling.judgements import judged
from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_form import NONE, ShownImage

MISTAKES = pa.table(
    {
        "repeat": pa.array([0] * 4, pa.int64()),
        "arm": ["start"] * 4,
        "round": pa.array([0] * 4, pa.int32()),
        "search_id": pa.array([1, 2, 3, 4], pa.int64()),
        "number": pa.array([0] * 4, pa.int32()),
        "label": pa.array([5, 5, 5, 5], pa.int16()),
    }
)
SAID = {1: 5, 2: 6, 3: NONE}


def labels_with(labels: PeoplesLabels) -> dict[int, int]:
    """Return what is trained on, by search."""
    given = {ShownImage((0, "start", 0, search, 0)): Answer(answer) for search, answer in SAID.items()}
    rows = corrected(MISTAKES, believed(MISTAKES, judged({"anna": given}), labels))
    assert rows.schema == MISTAKES.schema
    return dict(zip(rows["search_id"].to_pylist(), rows["label"].to_pylist(), strict=True))


def test_what_people_reject_is_left_out() -> None:
    assert labels_with("leave-out") == {1: 5, 4: 5}


def test_what_people_see_otherwise_is_relabelled_and_nothing_that_nobody_recognises() -> None:
    assert labels_with("relabel") == {1: 5, 2: 6, 4: 5}


def test_where_nobody_has_said_anything_nothing_changes() -> None:
    assert corrected(MISTAKES, BELIEVED.of_rows(())).equals(MISTAKES)
