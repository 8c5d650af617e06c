"""A desk: every labeller sees every image once, in an order of their own, and may go back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.labelling.desk import KEYS, Desk, LabellingTask, order
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.search.errors import OutvotedError

IMAGES = 6
PICTURES = [bytes([image]) for image in range(IMAGES)]


def desk(folder: Path, classes: int = 10) -> Desk:
    names = [str(label) for label in range(classes)]
    return Desk(LabellingTask("a study", PICTURES, names), LabelStore(folder, IMAGES, classes))


def times(folder: Path) -> int:
    """Count the lines of anna's file."""
    return len((folder / "anna.csv").read_text().splitlines()) - 1


@given(st.text("abcxyz", min_size=1, max_size=8), st.integers(1, 300))
def test_every_image_has_one_place(labeller: str, images: int) -> None:
    assert sorted(order(labeller, images)) == list(range(images))


def test_the_order_is_the_labellers_own_and_stays() -> None:
    assert order("anna", 165).tolist() == order("anna", 165).tolist()
    assert order("anna", 165).tolist() != order("zoe", 165).tolist()
    assert order("anna", 165).tolist() != list(range(165))


def test_a_label_belongs_to_the_image_seen(tmp_path: Path) -> None:
    where = desk(tmp_path)
    (seen,) = where.picture("anna", 2)
    assert where.put("anna", 2, 7) == 1
    assert where.sheet("anna").labels == [None, None, 7, None, None, None]
    labels = LabelStore(tmp_path, IMAGES, 10).read().labels
    assert labels[0, seen] == 7
    assert (labels != -1).sum() == 1


def test_another_desk_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    first = desk(tmp_path)
    for place, label in enumerate((3, 1, 4)):
        first.put("anna", place, label)
    second = desk(tmp_path)
    assert second.sheet("anna").labels == [3, 1, 4, None, None, None]
    assert second.put("anna", 3, 1) == 4


def test_a_correction_replaces_the_label(tmp_path: Path) -> None:
    where = desk(tmp_path)
    where.put("anna", 0, 3)
    where.put("anna", 1, 1)
    assert where.put("anna", 0, 8) == 2
    assert where.sheet("anna").labels[:2] == [8, 1]
    assert times(tmp_path) == 2
    assert desk(tmp_path).sheet("anna").labels[:2] == [8, 1]


def test_saying_the_same_again_changes_nothing(tmp_path: Path) -> None:
    where = desk(tmp_path)
    where.put("anna", 0, 3)
    before = (tmp_path / "anna.csv").read_text()
    assert where.put("anna", 0, 3) == 1
    assert (tmp_path / "anna.csv").read_text() == before


def test_labellers_do_not_see_each_others_labels(tmp_path: Path) -> None:
    where = desk(tmp_path)
    where.put("anna", 0, 3)
    assert where.sheet("zoe").labels == [None] * IMAGES


def test_who_labels_nothing_leaves_no_file(tmp_path: Path) -> None:
    desk(tmp_path).sheet("anna")
    assert not (tmp_path / "anna.csv").exists()


def test_there_is_a_key_for_each_class(tmp_path: Path) -> None:
    assert len(set(KEYS)) == 36
    desk(tmp_path, 36)
    with pytest.raises(OutvotedError, match="at most 36 classes"):
        desk(tmp_path, 37)
