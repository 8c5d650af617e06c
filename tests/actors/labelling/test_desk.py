"""A desk: every labeller sees every image once, in an order of their own, and may go back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.labelling.desk import KEYS, Desk
from outvoted.actors.labelling.label_form import MISSING
from outvoted.actors.labelling.label_store import OccupiedError, image_labels, labels_of
from outvoted.actors.labelling.label_task import ImagesTask, order
from outvoted.actors.labelling.labellers import MOST
from outvoted.search.errors import OutvotedError

IMAGES = 6
PICTURES = [bytes([image]) for image in range(IMAGES)]
NewDesk = Callable[..., Desk[int]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[NewDesk]:
    """Open a desk; the one before is closed."""
    opened: list[Desk[int]] = []

    def fresh(classes: int = 10) -> Desk[int]:
        for one in opened:
            one.close()
        store = image_labels(tmp_path, IMAGES, classes)
        names = [str(label) for label in range(classes)]
        opened.append(Desk(ImagesTask("a study", PICTURES, names, store.form), store))
        return opened[-1]

    yield fresh
    for one in opened:
        one.close()


def put(where: Desk[int], labeller: str, place: int, label: int) -> int:
    """Label what a labeller sees at a place."""
    return where.put(labeller, where.sheet(labeller).items[place], label)


def lines(folder: Path) -> int:
    """Count the labels in anna's file."""
    return len((folder / "anna.csv").read_text().splitlines()) - 1


@given(st.text("abcxyz", min_size=1, max_size=8), st.integers(1, 300))
def test_every_image_has_one_place(labeller: str, images: int) -> None:
    assert sorted(order(labeller, images)) == list(range(images))


def test_the_order_is_the_labellers_own_and_stays() -> None:
    assert order("anna", 165).tolist() == order("anna", 165).tolist()
    assert order("anna", 165).tolist() != order("zoe", 165).tolist()
    assert order("anna", 165).tolist() != list(range(165))


def test_a_label_belongs_to_the_image_seen(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    (seen,) = where.picture("anna", where.sheet("anna").items[2])
    assert put(where, "anna", 2, 7) == 1
    assert where.sheet("anna").labels == [None, None, 7, None, None, None]
    labels = labels_of(image_labels(tmp_path, IMAGES, 10), IMAGES).labels
    assert labels[0, seen] == 7
    assert (labels != -1).sum() == 1


def test_another_desk_goes_on_where_the_last_one_ended(desk: NewDesk) -> None:
    first = desk()
    for place, label in enumerate((3, 1, 4)):
        put(first, "anna", place, label)
    second = desk()
    assert second.sheet("anna").labels == [3, 1, 4, None, None, None]
    assert put(second, "anna", 3, 1) == 4


def test_a_correction_replaces_the_label(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    put(where, "anna", 0, 3)
    put(where, "anna", 1, 1)
    assert put(where, "anna", 0, 8) == 2
    assert where.sheet("anna").labels[:2] == [8, 1]
    assert lines(tmp_path) == 2
    assert desk().sheet("anna").labels[:2] == [8, 1]


def test_an_answer_that_is_taken_back_was_never_given(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    put(where, "anna", 0, 3)
    put(where, "anna", 1, 1)
    assert put(where, "anna", 0, MISSING) == 1
    assert put(where, "anna", 0, MISSING) == 1
    assert lines(tmp_path) == 1
    assert desk().sheet("anna").labels[:2] == [None, 1]


def test_saying_the_same_again_changes_nothing(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    put(where, "anna", 0, 3)
    before = (tmp_path / "anna.csv").read_text()
    assert put(where, "anna", 0, 3) == 1
    assert (tmp_path / "anna.csv").read_text() == before


def test_labellers_do_not_see_each_others_labels(desk: NewDesk) -> None:
    where = desk()
    put(where, "anna", 0, 3)
    assert where.sheet("zoe").labels == [None] * IMAGES
    assert not set(where.sheet("zoe").items) & set(where.sheet("anna").items)


def test_who_labels_nothing_leaves_no_file(desk: NewDesk, tmp_path: Path) -> None:
    desk().sheet("anna")
    assert not (tmp_path / "anna.csv").exists()


def test_an_item_of_nobodys_is_refused(desk: NewDesk) -> None:
    where = desk()
    for item in ("", "0", where.sheet("zoe").items[0]):
        with pytest.raises(OutvotedError, match="reload the page"):
            where.put("anna", item, 1)
        with pytest.raises(OutvotedError, match="reload the page"):
            where.picture("anna", item)


def test_there_is_a_key_for_each_class(desk: NewDesk) -> None:
    assert len(set(KEYS)) == 36
    desk(36)
    with pytest.raises(OutvotedError, match="at most 36 classes"):
        desk(37)


def test_only_one_desk_writes(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    store = image_labels(tmp_path, IMAGES, 10)
    with pytest.raises(OccupiedError, match="another `outvoted label`"):
        Desk(where.task, store)


def test_labellers_are_limited(desk: NewDesk, tmp_path: Path) -> None:
    where = desk()
    for number in range(MOST + 5):
        where.sheet(f"only-tried-{number}")
    for number in range(MOST):
        put(where, f"person-{number}", 0, 1)
    with pytest.raises(OutvotedError, match=f"at most {MOST} labellers"):
        where.sheet("one-more")
    assert put(where, "person-0", 1, 1) == 2
    assert len(list(tmp_path.glob("*.csv"))) == MOST


def test_labels_from_elsewhere_are_seen_at_once(desk: NewDesk) -> None:
    where = desk()
    put(where, "anna", 0, 3)
    given = where.sheet("anna")
    others = [str(where._sheets["anna"].key(item)) for item in given.items[1:]]
    text = "image,labeller,label\n" + "".join(f"{image},anna,5\n" for image in others)
    assert where.add(text.encode(), "labels.csv") == {"anna": 5}
    assert where.sheet("anna").labels == [3, 5, 5, 5, 5, 5]
