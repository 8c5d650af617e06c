"""Labels from elsewhere: all of a file or nothing of it."""

from pathlib import Path

import pytest

from outvoted.actors.labelling.imported import import_labels
from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_store import LabelStore, labels_of
from outvoted.search.errors import OutvotedError


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "given.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def contents(store: LabelStore[int]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.path.glob("*")}


@pytest.mark.parametrize(
    "lines",
    [
        ("image,labeller,label", "0,anna,5", "1,anna,6", "0,zoe,7"),
        ("label,labeller,image_id,when", "5,anna,0,now", "7,zoe,0,now", "6,anna,1,"),
        ("\ufeffImage, Labeller, Label", "0, anna, 5", "", "1, anna, 6", '0,"zoe",7'),
    ],
)
def test_labels_are_taken_whatever_the_order_of_lines_and_columns(
    lines: tuple[str, ...], store: LabelStore[int], tmp_path: Path
) -> None:
    assert import_labels(store, csv(tmp_path, *lines)) == {"anna": 2, "zoe": 1}
    assert labels_of(store, 3).names == ("anna", "zoe")
    assert labels_of(store, 3).labels.tolist() == [[5, 6, -1], [7, -1, -1]]


def test_importing_again_changes_nothing(store: LabelStore[int], tmp_path: Path) -> None:
    given = csv(tmp_path, "image,labeller,label", "0,anna,5")
    import_labels(store, given)
    before = contents(store)
    assert import_labels(store, given) == {"anna": 0}
    assert contents(store) == before


def test_labels_that_are_there_stay_with_their_times(store: LabelStore[int], tmp_path: Path) -> None:
    known = Answer(5, "2026-01-31T12:00:00Z")
    store.file("anna").write({2: known})
    import_labels(store, csv(tmp_path, "image,labeller,label", "2,anna,5", "1,anna,6"))
    assert store.file("anna").read() == {2: known, 1: Answer(6)}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("3,anna,5", "0 to 2 as image in line 3"),
        ("1,anna,10", "0 to 9 as label in line 3"),
        ("1,anna,", "label in line 3"),
        ("1,anna", "line 3"),
        ("1,anna,5,6", "line 3"),
        ("1,an na,5", "'an na' in line 3"),
        ("1,simulated-01,5", "line 3"),
        ("1,ANNA,5", "'anna' by more than capitals"),
        ("0,anna,5", "lines 2 and 3"),
        ("2,anna,4", "anna calls image 2 4, but has labelled it 9"),
    ],
)
def test_one_wrong_line_is_named_and_nothing_is_written(
    line: str, said: str, store: LabelStore[int], tmp_path: Path
) -> None:
    store.file("anna").write({2: Answer(9)})
    before = contents(store)
    with pytest.raises(OutvotedError) as refused:
        import_labels(store, csv(tmp_path, "image,labeller,label", "0,anna,5", line))
    assert said in str(refused.value)
    assert contents(store) == before


@pytest.mark.parametrize(
    "header",
    [
        "image,label",
        "image,image_id,labeller,label",
        "image;labeller;label",
        "image,label,label,labeller",
        "",
    ],
)
def test_other_columns_are_refused(header: str, store: LabelStore[int], tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="labeller, label in line 1"):
        import_labels(store, csv(tmp_path, header, "0,anna,5"))


def test_a_file_without_labels_is_refused(store: LabelStore[int], tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="no labels"):
        import_labels(store, csv(tmp_path, "image,labeller,label"))


def test_a_file_that_is_not_there_is_said(store: LabelStore[int], tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="No such file"):
        import_labels(store, tmp_path / "nowhere.csv")
