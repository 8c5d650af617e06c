"""The folder of labels, and the names that its files may have."""

from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_store import Labels, LabelStore, image_labels, labels_of
from outvoted.actors.labelling.labellers import MOST
from outvoted.search.errors import OutvotedError


def fill(store: LabelStore[int], labeller: str, *labels: int) -> None:
    store.file(labeller).write({image: Answer(label) for image, label in enumerate(labels)})


def test_nobody_has_labelled_at_first(store: LabelStore[int]) -> None:
    found = labels_of(store, 3)
    assert found.names == ()
    assert found.labels.shape == (0, 3)
    assert len(found.complete()) == 0


def test_labels_have_a_row_for_each_labeller_and_gaps_where_they_have_not_labelled(
    store: LabelStore[int],
) -> None:
    fill(store, "zoe", 1, 2)
    fill(store, "anna", 9, 0, 1)
    found = labels_of(store, 3)
    assert found.names == ("anna", "zoe")
    assert found.labels.tolist() == [[9, 0, 1], [1, 2, -1]]
    assert found.counts.tolist() == [3, 2]
    assert not found.simulated


def test_complete_labellers_keep_their_rows() -> None:
    labels = Labels(("a", "b", "c"), np.array([[0, 1], [2, -1], [3, 4]]), simulated=True)
    kept = labels.complete()
    assert kept.names == ("a", "c")
    assert kept.labels.tolist() == [[0, 1], [3, 4]]
    assert kept.simulated


def test_half_written_and_hidden_files_are_nobodys(store: LabelStore[int]) -> None:
    fill(store, "anna", 1)
    (store.path / ".anna.csv.partial").write_text("image_id,la")
    (store.path / ".zoe.csv").write_text("?")
    assert labels_of(store, 3).names == ("anna",)


def test_a_line_that_is_wrong_is_named_with_its_file(store: LabelStore[int]) -> None:
    fill(store, "anna", 1)
    (store.path / "zoe.csv").write_text("image_id,label\n0,1\n3,1\n")
    with pytest.raises(OutvotedError, match=r"line 3 of .*zoe\.csv"):
        labels_of(store, 3)


@pytest.mark.parametrize("name", ["anna", "A", "7", "a-b_C9", "x" * 40])
def test_plain_names_are_taken(name: str, store: LabelStore[int]) -> None:
    assert store.file(name).path == store.path / f"{name}.csv"


@pytest.mark.parametrize(
    "name",
    ["", ".", "../anna", "a/b", "a b", "-a", "anna.csv", "a\n", "ä", "x" * 41, "simulated-01", "Simulated"],
)
def test_other_names_are_refused(name: str, store: LabelStore[int]) -> None:
    with pytest.raises(OutvotedError, match="name"):
        store.file(name)


def test_names_that_differ_by_capitals_are_one_persons(store: LabelStore[int]) -> None:
    fill(store, "anna", 1)
    with pytest.raises(OutvotedError, match="continue as 'anna'"):
        store.file("Anna")


def test_a_file_with_no_labellers_name_is_refused(store: LabelStore[int]) -> None:
    store.path.mkdir()
    (store.path / "simulated-01.csv").write_text("image_id,label\n")
    with pytest.raises(OutvotedError, match="reserved for simulated"):
        labels_of(store, 3)


def test_a_strangers_folder_with_too_many_files_is_refused(store: LabelStore[int]) -> None:
    store.path.mkdir()
    for number in range(MOST + 1):
        (store.path / f"person-{number}.csv").touch()
    with pytest.raises(OutvotedError, match=f"at most {MOST} people"):
        store.answers()


def test_only_one_writes_at_a_time(store: LabelStore[int]) -> None:
    with store.sole_writer(), pytest.raises(OutvotedError, match="another `outvoted label`"):  # noqa: SIM117
        with image_labels(store.path, 3, 10).sole_writer():
            pass
    with store.sole_writer():
        pass


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file in the way")
    with (
        pytest.raises(OutvotedError, match="to write"),
        image_labels(tmp_path / "labels", 3, 10).sole_writer(),
    ):
        pass
