"""A labeller's file: one line for each image, and nothing acknowledged is ever lost."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.labelling.label_file import Answer, LabelFile
from outvoted.actors.labelling.label_form import ImagesForm
from outvoted.search.errors import OutvotedError

IMAGES, CLASSES = 165, 12
ANSWERS = st.dictionaries(
    st.integers(0, IMAGES - 1),
    st.builds(Answer, st.integers(0, CLASSES - 1), st.just("2026-01-31T12:00:00Z")),
    min_size=1,
    max_size=6,
)


def file_in(folder: Path, text: str | None = None) -> LabelFile[int]:
    path = folder / "anna.csv"
    if text is not None:
        path.write_bytes(text.encode())
    return LabelFile(path, ImagesForm(IMAGES, CLASSES))


def filled(folder: Path, answers: dict[int, Answer]) -> LabelFile[int]:
    file = file_in(folder)
    file.path.unlink(missing_ok=True)
    file.begin()
    for image, answer in answers.items():
        file.append(image, answer)
    return file


@settings(max_examples=25)
@given(ANSWERS)
def test_what_was_appended_is_read(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[int, Answer]
) -> None:
    assert filled(tmp_path_factory.mktemp("labels"), answers).read() == answers


@settings(max_examples=25)
@given(ANSWERS, st.data())
def test_a_file_cut_off_anywhere_holds_the_whole_lines_before_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[int, Answer], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    file = filled(folder, answers)
    text = file.path.read_text()
    header = text.index("\n") + 1
    cut = text[: data.draw(st.integers(header, len(text)))]
    whole = cut.count("Z")
    file.path.write_text(cut)
    kept = dict(list(answers.items())[:whole])
    assert file.read() == kept
    assert file.begin() == kept
    for image, answer in list(answers.items())[whole:]:
        file.append(image, answer)
    assert file.read() == answers


def test_lines_are_plain_csv(tmp_path: Path) -> None:
    file = filled(tmp_path, {7: Answer(3, "2026-01-31T12:00:00Z"), 0: Answer(11)})
    assert file.path.read_text() == "image_id,label,at\n7,3,2026-01-31T12:00:00Z\n0,11,\n"


@pytest.mark.parametrize(
    "text",
    [
        "image_id,label\n7,3\n0,11\n",
        "image_id,label\n7,3\n0,11",
        "image_id,label\r\n7,3\r\n\r\n0, 11\r\n\r\n",
        "\ufefflabel,image_id\n3,7\n11,0\n",
        'image_id,label,at\n"7","3",\n0,11,\n',
    ],
)
def test_files_from_editors_and_spreadsheets_are_read(text: str, tmp_path: Path) -> None:
    file = file_in(tmp_path, text)
    assert file.read() == {7: Answer(3), 0: Answer(11)}
    file.begin()
    file.append(1, Answer(0))
    assert file.read() == {7: Answer(3), 0: Answer(11), 1: Answer(0)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image_id,label\n1,2\n\n3,4\n1,2\n", ["two, in lines 2 and 5", "one label for image 1"]),
        ("image_id,label\n1,2\n165,2\n", ["0 to 164 as image in line 3", "'165'"]),
        ("image_id,label\n1,2\n-1,2\n", ["0 to 164 as image in line 3", "'-1'"]),
        ("image_id,label\n1,12\n", ["0 to 11 as label in line 2", "'12'"]),
        ("image_id,label\n1,seven\n", ["0 to 11 as label in line 2", "'seven'"]),
        ("image_id,label\n1,\n", ["0 to 11 as label in line 2", "nothing"]),
        ("image_id,label\n1,²\n", ["line 2", "'²'"]),
        ("image_id,label\n1\n", ["line 2", "a different number of values"]),
        ("image_id,label\n1,2,3,4\n", ["line 2", "a different number of values"]),
        ("image;label\n1;2\n", ["line 1", "image;label"]),
        ("image_id,label,mood\n1,2,fine\n", ["line 1", "mood"]),
        ("", ["line 1", "the header ''"]),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, said: list[str], tmp_path: Path) -> None:
    file = file_in(tmp_path, text)
    with pytest.raises(OutvotedError) as refused:
        file.read()
    for words in (*said, "anna.csv"):
        assert words in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.path.write_bytes(b"image_id,label\n1,\xff\n")
    with pytest.raises(OutvotedError, match=r"anna\.csv"):
        file.read()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = filled(tmp_path, {7: Answer(3)})
    before = file.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OutvotedError, match="No space left"):
            file.append(8, Answer(4))
    assert file.path.read_bytes() == before
    file.append(8, Answer(4))
    assert file.read() == {7: Answer(3), 8: Answer(4)}


def test_a_label_is_forced_to_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, synced = filled(tmp_path, {7: Answer(3)}), []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(file.path.read_text().splitlines()[-1]))
    file.append(8, Answer(4))
    assert synced == ["8,4,"]
